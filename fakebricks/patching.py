"""Replacing an attribute of somebody else's module or class for a while, and putting it back.

A replacement outlives its use only as a pass-through: where patches end in another order than the reverse of the one
they began in, the later one finds the earlier one ended and steps over it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Patch:
    """One attribute, replaced from `start()` to `stop()`.

    Args:
        owner: the module or class.
        name: the attribute; it must be the owner's own.
        replace: makes the replacement from what is there now. The replacement itself has to call what was there
            whenever a call is none of its business, and always once the patch has stopped.
    """

    def __init__(self, owner: Any, name: str, replace: Callable[[Any], Callable[..., Any]]) -> None:
        self.owner = owner
        self.name = name
        self._replace = replace
        self.original: Any = None
        self.replacement: Any = None
        self.active = False

    def start(self) -> None:
        """Put the replacement in place."""
        self.original = vars(self.owner)[self.name]
        self.replacement = self._replace(self.original)
        self.replacement.fakebricks_patch = self
        setattr(self.owner, self.name, self.replacement)
        self.active = True

    def stop(self) -> None:
        """Put back what was there; where something else has been put on top since, that stays."""
        self.active = False
        if vars(self.owner)[self.name] is self.replacement:
            setattr(self.owner, self.name, self._underneath())

    def _underneath(self) -> Any:
        patch = getattr(self.original, "fakebricks_patch", None)
        return self.original if patch is None or patch.active else patch._underneath()  # noqa: SLF001 - of its own class
