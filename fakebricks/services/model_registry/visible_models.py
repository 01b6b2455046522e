"""Which registered models somebody may see, and how much of them."""

from __future__ import annotations

from collections.abc import Iterator

from fakebricks.services.model_registry.model_registry import ModelRegistry
from fakebricks.services.model_registry.names import ModelKey
from fakebricks.services.model_registry.records import RegisteredModelRecord
from fakebricks.services.unity_catalog.authority import Authority
from fakebricks.services.unity_catalog.rules import Rule
from fakebricks.wire.authentication import Caller


class VisibleModels:
    """The registered models that somebody may see."""

    def __init__(self, registry: ModelRegistry, authority: Authority) -> None:
        self.registry = registry
        self._authority = authority

    def after(
        self, key: ModelKey | None, caller: Caller, within: tuple[str, str] | None = None, *, browse: bool = True
    ) -> Iterator[RegisteredModelRecord]:
        """Those of them by name, from the one after `key` on.

        Args:
            key: of the one before them.
            caller: who wants to see them.
            within: the schema that they are in, if only those.
            browse: whether those are among them that are seen by BROWSE alone.
        """
        models = self.registry.models(key, within)
        return self._authority.allowed(Rule.SEE_MODEL, models, caller, browse=browse)

    def is_browsed(self, full_name: str, caller: Caller) -> bool:
        """Whether somebody who sees a model does so by BROWSE alone."""
        return self._authority.browses_only(Rule.SEE_MODEL, full_name, caller)
