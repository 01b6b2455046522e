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
        self, key: ModelKey | None, caller: Caller, within: tuple[str, str] | None = None
    ) -> Iterator[RegisteredModelRecord]:
        """Those of them by name, from the one after `key` on; with `within`, only those of that schema."""
        return self._authority.allowed(Rule.SEE_MODEL, self.registry.models(key, within), caller)

    def is_browsed(self, full_name: str, caller: Caller) -> bool:
        """Whether somebody who sees a model does so by BROWSE alone: they may neither load nor manage it."""
        deeds = (Rule.LOAD_MODEL, Rule.MANAGE_MODEL)
        return not any(self._authority.allows(rule, full_name, caller) for rule in deeds)
