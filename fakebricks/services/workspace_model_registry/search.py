"""Searching the workspace model registry: the names that filters and orders may use.

Real: MLflow's filters over names, versions, runs, sources and tags, its orders and their tie-breaks. As on the
platform, a search for models with `name LIKE 'part'`, without a `%`, finds the names that contain the part (documented:
databricks-sdk's `search_models`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fakebricks.services.search import Column, Condition, Order, PageTokens, Vocabulary, matches
from fakebricks.services.search.matching import Found
from fakebricks.services.search.vocabulary import LISTS, NUMBERS, STRINGS
from fakebricks.services.tracking.search import check_max_results, page
from fakebricks.services.workspace_model_registry.model_permissions import READ, ModelPermissions
from fakebricks.services.workspace_model_registry.records import WorkspaceModel, WorkspaceModelVersion
from fakebricks.services.workspace_model_registry.workspace_model_registry import WorkspaceModelRegistry
from fakebricks.wire.authentication import Caller

MOST_MODELS = 1000
MOST_VERSIONS = 10_000  # documented: databricks-sdk's `search_model_versions`

_IS_PROMPT = "mlflow.prompt.is_prompt"
_KINDS = {"attribute": "attribute", "tag": "tag", "tags": "tag"}
_TEXT = Column("string", STRINGS)
_LISTED = Column("string", (*STRINGS, *LISTS))

MODELS = Vocabulary(
    kinds=_KINDS,
    open_kinds={"tag": _TEXT},
    attributes={"name": _LISTED},
    aliases={"timestamp": "last_updated_timestamp"},
    order_attributes=frozenset({"name", "last_updated_timestamp"}),
)
VERSIONS = Vocabulary(
    kinds=_KINDS,
    open_kinds={"tag": _TEXT},
    attributes={
        "name": _LISTED,
        "run_id": _LISTED,
        "source_path": _TEXT,
        "version_number": Column("integer", NUMBERS),
    },
    order_attributes=frozenset({"name", "version_number", "creation_timestamp", "last_updated_timestamp"}),
)
_COLUMNS = {"source_path": "source", "version_number": "number"}
_BY_NAME = Order("attribute", "name", ascending=True)
_NEWEST_VERSION = Order("attribute", "version_number", ascending=False)
_LATEST = Order("attribute", "last_updated_timestamp", ascending=False)


class RegistrySearch:
    """The searches over models and over versions."""

    def __init__(self, registry: WorkspaceModelRegistry, permissions: ModelPermissions) -> None:
        self.registry = registry
        self.permissions = permissions

    def models(
        self, caller: Caller, *, filter_string: str, max_results: int, order_by: Sequence[str], page_token: str
    ) -> tuple[list[WorkspaceModel], str | None]:
        """One page of the models that the caller may read, by name if no order is given, and the token of the next.

        Raises:
            InvalidParameterValue: the filter, the order, the number or the token cannot be.
        """
        check_max_results(max_results, MOST_MODELS)
        conditions = [_containing(one) for one in MODELS.conditions(filter_string)]
        orders = MODELS.orders(order_by)
        tokens = PageTokens("workspace_registered_models", filter_string, order_by)

        def natural(after: list[int | str] | None) -> Iterator[WorkspaceModel]:
            for model in self.registry.models(str(after[0]) if after else None):
                if all(matches(self._of_model(model, one), one) for one in conditions) and self.permissions.allows(
                    model, READ, caller
                ):
                    yield model

        place = tokens.read(page_token)
        return page(natural, orders, self._of_model, lambda model: [model.name], place, max_results, tokens)

    def versions(
        self, caller: Caller, *, filter_string: str, max_results: int, order_by: Sequence[str], page_token: str
    ) -> tuple[list[WorkspaceModelVersion], str | None]:
        """One page of the versions that the caller may read, and the token of the next.

        The last updated come first, if no order is given.

        Raises:
            InvalidParameterValue: the filter, the order, the number or the token cannot be.
        """
        check_max_results(max_results, MOST_VERSIONS)
        conditions = VERSIONS.conditions(filter_string)
        orders = VERSIONS.orders(order_by) or [_LATEST]
        named = {order.key for order in orders}
        orders += [order for order in (_BY_NAME, _NEWEST_VERSION) if order.key not in named]
        tokens = PageTokens("workspace_model_versions", filter_string, order_by)

        def natural(_after: list[int | str] | None) -> Iterator[WorkspaceModelVersion]:
            for model in self._models_of(conditions, caller):
                for version in self.registry.versions.of(model):
                    if all(matches(self._of_version(version, one), one) for one in conditions):
                        yield version

        place = tokens.read(page_token)
        return page(natural, orders, self._of_version, lambda _: [], place, max_results, tokens)

    def _models_of(self, conditions: Sequence[Condition], caller: Caller) -> Iterator[WorkspaceModel]:
        """The models that the caller may read and whose versions can satisfy the conditions, as far as names tell."""
        asked = [one for one in conditions if one.kind == "attribute" and one.key == "name"]
        for model in self.registry.models():
            if all(matches(model.name, one) for one in asked) and self.permissions.allows(model, READ, caller):
                yield model

    def _of_model(self, model: WorkspaceModel, asked: Condition | Order) -> Found:
        if asked.kind == "tag":
            return _tag(self.registry.tag(model, asked.key), asked.key)
        found: Found = getattr(model, asked.key)
        return found

    def _of_version(self, version: WorkspaceModelVersion, asked: Condition | Order) -> Found:
        if asked.kind == "tag":
            return _tag(self.registry.versions.tag(version, asked.key), asked.key)
        found: Found = getattr(version, _COLUMNS.get(asked.key, asked.key))
        return found


def _tag(found: str | None, key: str) -> str | None:
    """What has no such tag is no prompt, as MLflow reads it."""
    return "false" if found is None and key == _IS_PROMPT else found


def _containing(condition: Condition) -> Condition:
    value = condition.value
    if condition.kind != "attribute" or condition.comparator not in ("LIKE", "ILIKE") or "%" in str(value):
        return condition
    return Condition(condition.kind, condition.key, condition.comparator, f"%{value}%")
