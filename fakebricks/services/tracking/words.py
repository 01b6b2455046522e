"""Words: one copy of each short text that many runs have in common, such as the names of their metrics."""

from __future__ import annotations

_LONGEST = 64
_MOST = 10_000


class Words:
    """The words of one workspace; when there are very many, it begins anew."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def __call__(self, text: str) -> str:
        """The same text, of which there is but one copy if it is short."""
        if len(text) > _LONGEST:
            return text
        if len(self._known) >= _MOST:
            self._known.clear()
        return self._known.setdefault(text, text)
