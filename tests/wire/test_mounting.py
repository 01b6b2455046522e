"""A workspace inside a `responses` mock."""

from __future__ import annotations

import pytest
import requests
import responses

from fakebricks import Workspace
from fakebricks.clock import VirtualClock
from fakebricks.wire import Reply
from fakebricks.wire.mounting import MountedWorkspace


def me(workspace: Workspace) -> requests.Response:
    headers = {"authorization": f"Bearer {workspace.token}"}
    return requests.get(f"{workspace.host}/api/2.0/preview/scim/v2/Me", headers=headers, timeout=5)


@pytest.mark.parametrize("fired", [True, False])
def test_the_mock_answers_for_the_workspace_as_often_as_it_is_asked(workspace, fired):
    with responses.RequestsMock(assert_all_requests_are_fired=fired) as mock:
        workspace.mount(mock)
        mock.get("https://api.example.test/x", json={"mine": 1})
        assert [me(workspace).json()["userName"] for _ in range(3)] == ["jane@acme.test"] * 3
        assert requests.get("https://api.example.test/x", timeout=5).json() == {"mine": 1}
        assert len(mock.calls) == 4
    assert len(workspace.calls) == 3


def test_a_workspace_that_was_not_called_is_no_unfired_request(workspace):
    with responses.RequestsMock(assert_all_requests_are_fired=True) as mock:
        workspace.mount(mock)


@pytest.mark.parametrize("mounted", ["before", "after"])
def test_what_the_test_mocked_itself_goes_first_every_time(workspace, mounted):
    with responses.RequestsMock() as mock:
        if mounted == "before":
            workspace.mount(mock)
        mock.get(f"{workspace.host}/api/2.0/preview/scim/v2/Me", json={"userName": "mine"})
        if mounted == "after":
            workspace.mount(mock)
        assert [me(workspace).json()["userName"] for _ in range(3)] == ["mine"] * 3
        config = requests.get(f"{workspace.host}/.well-known/databricks-config", timeout=5)
        assert config.status_code == 200


def test_other_hosts_stay_refused(workspace):
    with responses.RequestsMock() as mock:
        workspace.mount(mock)
        with pytest.raises(requests.exceptions.ConnectionError):
            requests.get("https://api.example.test/", timeout=5)


def test_a_timeout_is_requests_own():
    class Slow:
        clock = VirtualClock()
        host = "https://ws.fakebricks.test"

        def handle(self, request):
            return Reply.of_json({}, duration=20)

    with responses.RequestsMock() as mock:
        mock.add(MountedWorkspace(Slow(), mock))
        with pytest.raises(requests.exceptions.ReadTimeout):
            requests.get("https://ws.fakebricks.test/x", timeout=(1, 10))
        assert requests.get("https://ws.fakebricks.test/x", timeout=30).status_code == 200


def test_an_upload_is_read_whole(workspace):
    with responses.RequestsMock() as mock:
        workspace.mount(mock)
        reply = requests.post(f"{workspace.host}/api/2.0/no/such", data=b"123", timeout=5)
        assert reply.status_code == 401
    assert workspace.calls[0].request_body == b"123"
