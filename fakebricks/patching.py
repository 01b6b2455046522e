"""Replacing attributes of somebody else's modules and classes for a while, and putting them back.

A replacement outlives its use only as a pass-through: where patches end in another order than the reverse of the one
they began in, the later one finds the earlier one ended and steps over it.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
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


class OnImport(MetaPathFinder):
    """Does something right after the first import of a module, from `start()` to `stop()`.

    So that what is to be patched need not be imported for it. The module itself is found and loaded as ever.
    """

    def __init__(self, name: str, then: Callable[[], None]) -> None:
        self._name = name
        self._then = then
        self._searching = False

    def start(self) -> None:
        """Watch for the import."""
        sys.meta_path.insert(0, self)

    def stop(self) -> None:
        """Watch no longer."""
        sys.meta_path.remove(self)

    def find_spec(
        self,
        fullname: str,
        path: Any = None,  # noqa: ARG002 - a finder is called with it
        target: Any = None,  # noqa: ARG002 - a finder is called with it
    ) -> ModuleSpec | None:
        """What the other finders say of the module, with a loader that reports."""
        if fullname != self._name or self._searching:
            return None
        self._searching = True
        try:
            spec = importlib.util.find_spec(fullname)
        finally:
            self._searching = False
        if spec is not None and spec.loader is not None:
            spec.loader = _Reporting(spec.loader, self)
        return spec

    def imported(self) -> None:
        """The module has been imported."""
        if self in sys.meta_path:
            self._then()


class _Reporting(Loader):
    """A module's own loader, which then steps back into its place."""

    def __init__(self, loader: Loader, watch: OnImport) -> None:
        self._loader = loader
        self._watch = watch

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        module.__loader__ = self._loader
        self._loader.exec_module(module)
        self._watch.imported()
