"""A workspace inside a `responses` mock that a test already has.

Real: the mock's own ways. It answers, counts and retries as for any response of its own, and what the test mocked
itself on the workspace's host goes before the workspace. A workspace that was not called is no unfired request.
"""

from __future__ import annotations

from typing import Any

from requests import PreparedRequest
from requests.exceptions import ReadTimeout
from responses import BaseResponse, RequestsMock
from urllib3 import HTTPResponse

from fakebricks.wire.intercept import Answering, Line
from fakebricks.wire.messages import Request
from fakebricks.wire.seams.urllib3_seam import collected, response


class MountedWorkspace(BaseResponse):  # type: ignore[misc]
    """What a mock answers for a workspace's host: whatever the workspace answers."""

    def __init__(self, workspace: Answering, mock: RequestsMock) -> None:
        super().__init__("*", workspace.host)
        self._line = Line(workspace)
        self._mock = mock

    def matches(self, request: PreparedRequest) -> tuple[bool, str]:
        """Whether the request is for the workspace, and for nothing else in the mock."""
        if not self._line.serves(str(request.url)):
            return False, "URL is not the workspace's"
        if any(other.matches(request)[0] for other in self._mock.registered() if other is not self):
            return False, "Another response goes before the workspace"
        return True, ""

    def get_response(self, request: PreparedRequest) -> HTTPResponse:
        """The workspace's reply."""
        asked = Request.of(str(request.method), str(request.url), dict(request.headers), collected(request.body))
        try:
            reply = self._line.ask(asked, _read_timeout(request))
        except TimeoutError as error:
            message = f"HTTPSConnectionPool(host='{self.url}'): Read timed out."
            raise ReadTimeout(message, request=request) from error
        return response(asked, reply, preload_content=False)

    @property
    def call_count(self) -> int:
        """How often it answered; at least once, to `assert_all_requests_are_fired`, which is about expectations."""
        answered: int = super().call_count
        return max(1, answered)


def _read_timeout(request: PreparedRequest) -> float | None:
    """The timeout as the caller of requests gave it: none, one, or one to connect and one to read."""
    timeout: Any = request.req_kwargs.get("timeout")  # type: ignore[attr-defined]
    read: float | None = timeout[1] if isinstance(timeout, tuple) else timeout
    return read
