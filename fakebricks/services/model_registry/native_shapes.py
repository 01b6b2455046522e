"""What the operations of `/api/2.1/unity-catalog/models` ask.

Real: the fields that databricks-sdk and MLflow's native store send (documented: `mlflow/protos`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal

import msgspec

from fakebricks.services.model_registry.records import (
    DependencyRecord,
)
from fakebricks.wire.operations import Shape

MaxResults = Annotated[int, msgspec.Meta(ge=0)]
"""0 lets the platform choose (documented)."""


class Tag(Shape):
    key: str
    value: str = ""


class FullName(Shape):
    full_name: str


class GetModel(FullName):
    include_aliases: bool = False
    include_browse: bool = False


class DeleteModel(FullName):
    """`force` changes nothing: the versions of a model go with it (documented)."""

    force: bool = False


class CreateRegisteredModel(Shape):
    """What the SDK can send beside it is for the platform to say, and is refused."""

    catalog_name: str
    schema_name: str
    name: str
    comment: str = ""
    tags: tuple[Tag, ...] = ()
    storage_location: str = ""
    deployment_job_id: str = ""
    owner: str = ""
    aliases: tuple[dict[str, Any], ...] = ()
    browse_only: bool = False
    full_name: str = ""
    metastore_id: str = ""
    created_at: int = 0
    created_by: str = ""
    updated_at: int = 0
    updated_by: str = ""


class UpdateRegisteredModel(FullName):
    comment: str | None = None
    owner: str | None = None
    new_name: str = ""
    deployment_job_id: str = ""
    id: str | None = None
    name: str | None = None
    catalog_name: str | None = None
    schema_name: str | None = None
    metastore_id: str | None = None
    storage_location: str | None = None
    aliases: tuple[dict[str, Any], ...] | None = None
    browse_only: bool | None = None
    created_at: int | None = None
    created_by: str | None = None
    updated_at: int | None = None
    updated_by: str | None = None


class ListRegisteredModels(Shape):
    catalog_name: str = ""
    schema_name: str = ""
    include_browse: bool = False
    max_results: MaxResults = 0
    page_token: str = ""


class AliasOfModel(FullName):
    alias: str


class GetByAlias(AliasOfModel):
    include_aliases: bool = False


class SetAlias(AliasOfModel):
    version_num: int


class TagChanges(Shape):
    add_tags: tuple[Tag, ...] = ()
    remove: tuple[str, ...] = ()


class ChangeModelTags(Shape):
    securable_type: str
    securable_full_name: str
    changes: TagChanges


class ChangeVersionTags(ChangeModelTags):
    subentity_name: str


class OfTable(Shape):
    table_full_name: str


class OfFunction(Shape):
    function_full_name: str


class OfConnection(Shape):
    connection_name: str


class Dependency(Shape, omit_defaults=True):
    table: OfTable | None = None
    function: OfFunction | None = None
    connection: OfConnection | None = None

    def __post_init__(self) -> None:
        """Refuse a dependency on nothing, or on several things at once (documented)."""
        if sum(one is not None for one in (self.table, self.function, self.connection)) != 1:
            message = "one of table, function and connection must be defined"
            raise ValueError(message)

    @property
    def record(self) -> DependencyRecord:
        """As it is stored."""
        if self.table:
            return DependencyRecord(type="DATABRICKS_TABLE", name=self.table.table_full_name)
        if self.function:
            return DependencyRecord(type="DATABRICKS_UC_FUNCTION", name=self.function.function_full_name)
        return DependencyRecord(type="DATABRICKS_UC_CONNECTION", name=self.connection.connection_name)  # type: ignore[union-attr]


class DependencyList(Shape):
    dependencies: tuple[Dependency, ...] = ()


class CreateModelVersion(Shape):
    catalog_name: str
    schema_name: str
    model_name: str
    source: str
    run_id: str = ""
    comment: str = ""
    tags: tuple[Tag, ...] = ()
    model_version_dependencies: DependencyList | None = None
    model_id: str = ""
    feature_deps: str = ""
    run_tracking_server_id: str = ""


class VersionName(FullName):
    version: str


class GetVersion(VersionName):
    include_aliases: bool = False
    include_browse: bool = False


class UpdateModelVersion(VersionName):
    comment: str | None = None
    aliases: tuple[dict[str, Any], ...] | None = None
    catalog_name: str | None = None
    schema_name: str | None = None
    model_name: str | None = None
    created_at: int | None = None
    created_by: str | None = None
    id: str | None = None
    metastore_id: str | None = None
    model_version_dependencies: dict[str, Any] | None = None
    run_id: str | None = None
    run_workspace_id: int | None = None
    source: str | None = None
    status: str | None = None
    storage_location: str | None = None
    updated_at: int | None = None
    updated_by: str | None = None


class ListModelVersions(FullName):
    include_browse: bool = False
    max_results: MaxResults = 0
    page_token: str = ""


class GenerateTemporaryCredentials(Shape):
    catalog_name: str
    schema_name: str
    model_name: str
    version: int
    operation: Literal["READ_MODEL_VERSION", "READ_WRITE_MODEL_VERSION"]

    @property
    def writing(self) -> bool:
        """Whether files are to be written too."""
        return self.operation == "READ_WRITE_MODEL_VERSION"


def pairs(tags: Iterable[Tag]) -> list[tuple[str, str]]:
    """Tags as the domain takes them."""
    return [(tag.key, tag.value) for tag in tags]
