"""Which registered models somebody may see."""

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
        self._registry = registry
        self._authority = authority

    def after(self, key: ModelKey | None, caller: Caller) -> Iterator[RegisteredModelRecord]:
        """Those of them by name, from the one after `key` on."""
        return self._authority.allowed(Rule.SEE_MODEL, self._registry.models(key), caller)
