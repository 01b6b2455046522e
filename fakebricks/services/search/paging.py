"""Page tokens: opaque, and good only for the search that gave them.

Real: a token that was changed, or that comes from another search, is refused. A token holds the place where the next
page starts, and a digest of it with the search's own question, so that nothing has to be remembered between pages.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import Any

import msgspec

from fakebricks.wire.errors import InvalidParameterValue

_DIGEST = 9


class PageTokens:
    """The page tokens of one search, which is all that its question consists of, but for the page.

    >>> tokens = PageTokens("runs", ["1"], "metrics.auc > 0.9")
    >>> tokens.read(tokens.write(["after", 7]))
    ['after', 7]
    """

    def __init__(self, *question: Any) -> None:
        self._question = msgspec.json.encode(question)

    def write(self, place: list[str | int]) -> str:
        """The token of the page that starts at that place."""
        held = msgspec.json.encode(place)
        return base64.urlsafe_b64encode(self._digest(held) + held).decode()

    def read(self, token: str | None) -> list[Any] | None:
        """The place that the token holds; None where there is no token, which means the first page.

        Raises:
            InvalidParameterValue: it is not a token that this search gave.
        """
        if not token:
            return None
        try:
            content = base64.b64decode(token.encode("ascii"), altchars=b"-_", validate=True)
        except (binascii.Error, UnicodeEncodeError):
            raise InvalidParameterValue("Invalid page token, could not base64-decode") from None
        digest, held = content[:_DIGEST], content[_DIGEST:]
        if digest != self._digest(held):
            raise InvalidParameterValue("Invalid page token: it was not given by this search.")
        place: list[Any] = msgspec.json.decode(held)
        return place

    def _digest(self, held: bytes) -> bytes:
        return hashlib.blake2b(held, digest_size=_DIGEST, key=hashlib.sha256(self._question).digest()).digest()
