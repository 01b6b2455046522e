"""Signed URLs: a path, an operation and an expiry, which whoever has the URL may use without a token.

Real: the signature covers all three, and time is the workspace's own, so that a URL that was changed or has expired is
refused. Simulated: the URL leads to the workspace itself, where a real one leads to a cloud's object storage.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Literal
from urllib.parse import quote, urlencode

from fakebricks.clock import Clock
from fakebricks.services.files.paths import joined, parts_of
from fakebricks.wire.errors import DatabricksError, PermissionDenied

STORAGE_PATH = "/_fakebricks/storage"
DEFAULT_VALIDITY = 15 * 60
"""Seconds; databricks-sdk asks for an hour for downloads, MLflow leaves it to the platform."""

Operation = Literal["GET", "PUT", "DELETE"]


class SignedUrls:
    """Makes and checks signed URLs, with one secret per workspace."""

    def __init__(self, secret: str, clock: Clock) -> None:
        self._secret = secret.encode()
        self._clock = clock

    def sign(self, operation: Operation, path: str, base_url: str, *, expires: float | None = None) -> str:
        """A URL for one operation on one path.

        Args:
            operation: the HTTP method.
            path: absolute, as it is stored.
            base_url: where the client reaches the workspace, without a trailing slash.
            expires: seconds since the epoch; a quarter of an hour from now by default, and also where that time has
                passed already, because a client in another process reckons it from a clock that did not jump.
        """
        stored = joined(parts_of(path))
        now = self._clock.time()
        until = int((expires if expires is not None and expires > now else now + DEFAULT_VALIDITY) * 1000)
        query = {"operation": operation, "expires": until, "signature": self._signature(operation, stored, until)}
        return f"{base_url}{STORAGE_PATH}{quote(stored)}?{urlencode(query)}"

    def check(self, operation: Operation, path: str, signed: str, expires: int, signature: str) -> None:
        """Refuse a URL that this workspace did not make, made for something else, or that has expired.

        Args:
            operation: what is being done.
            path: to what, absolute.
            signed: the operation that the URL names.
            expires: milliseconds since the epoch, as the URL says.
            signature: as the URL says.

        Raises:
            PermissionDenied: any of these.
        """
        expected = self._signature(signed, joined(parts_of(path)), expires)
        if not hmac.compare_digest(expected.encode(), signature.encode(errors="replace")):
            raise PermissionDenied("The signature of this URL does not match what is asked.")
        if signed != operation:
            raise PermissionDenied(f"This URL was signed for {signed}, not for {operation}.")
        if self._clock.time() * 1000 >= expires:
            raise PermissionDenied("This URL has expired.")

    def made(self, path: str, query: Mapping[str, str]) -> bool:
        """Whether this workspace made the URL of that path and query; expired or not."""
        if not path.startswith(f"{STORAGE_PATH}/") or not query.get("expires", "").isdecimal():
            return False
        try:
            stored = joined(parts_of(path.removeprefix(STORAGE_PATH)))
        except DatabricksError:
            return False
        expected = self._signature(query.get("operation", ""), stored, int(query["expires"][:20]))
        return hmac.compare_digest(expected.encode(), query.get("signature", "").encode(errors="replace"))

    def _signature(self, operation: str, path: str, expires: int) -> str:
        said = f"{operation}\n{path}\n{expires}".encode(errors="replace")
        return hmac.new(self._secret, said, hashlib.sha256).hexdigest()
