"""A catalog with something of everything in it, and people of every kind, to walk operations by identities with."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from fakebricks import Workspace
from fakebricks.routes import router
from fakebricks.services.unity_catalog.records import ColumnRecord
from fakebricks.services.unity_catalog.rules import Rule
from fakebricks.wire import Reply, Request
from fakebricks.wire.operations import Operation

ROOMS = ("fakebricks.services.unity_catalog", "fakebricks.services.model_registry")
NATIVE = "fakebricks.services.model_registry.native"
USES = ("USE_CATALOG", "USE_SCHEMA")
GRANTED: dict[str, tuple[str, ...]] = {
    "stranger": (),
    "browses": ("BROWSE",),
    "uses": USES,
    "reads": (*USES, "SELECT", "EXECUTE", "READ_VOLUME"),
    "reads, but may not use": ("SELECT", "EXECUTE", "READ_VOLUME"),
    "writes": (*USES, "MODIFY", "WRITE_VOLUME", "CREATE_MODEL_VERSION"),
    "creates": (
        *USES,
        "CREATE_SCHEMA",
        "CREATE_TABLE",
        "CREATE_VOLUME",
        "CREATE_FUNCTION",
        "CREATE_MODEL",
    ),
    "tags": (*USES, "APPLY_TAG"),
    "all privileges": ("ALL_PRIVILEGES",),
    "manages": (*USES, "MANAGE"),
    "manages, but may not use": ("MANAGE",),
    "owns the object": USES,
    "owns the schema": ("USE_CATALOG",),
    "owns the catalog": (),
}
"""The kinds of people, and what each is granted on the catalog."""

GROUPED = "reads by a group in a group"
"""A member of a group in a group that is granted what the kind `reads` is."""

ADMINS = ("metastore admin", "workspace admin")
IDENTITIES = (*GRANTED, GROUPED, "service principal that reads", *ADMINS)

MODEL, TABLE, VOLUME, FUNCTION = "prod.ml.fraud", "prod.ml.payments", "prod.ml.raw", "prod.ml.plus"
_FUNCTION = {
    "catalog_name": "prod",
    "schema_name": "ml",
    "input_params": {},
    "data_type": "INT",
    "full_data_type": "int",
    "routine_body": "SQL",
    "routine_definition": "1",
    "parameter_style": "S",
    "is_deterministic": True,
    "sql_data_access": "CONTAINS_SQL",
    "is_null_call": False,
    "security_type": "DEFINER",
    "specific_name": "f",
}
_MLMODEL = b"signature:\n  inputs: '[]'\n  outputs: '[]'\n"


def walked() -> list[Operation]:
    """The operations of Unity Catalog that are computed, of both dialects of models, once each."""
    return [
        one
        for one in router().operations
        if one.function.__module__.startswith(ROOMS) and not one.function.__module__.endswith("refused_api")
    ]


class World:
    """The catalog `prod` with the schema `ml`, in which there is one of each kind of object."""

    def __init__(self) -> None:
        self.workspace = Workspace(catalogs=("prod",))
        admin = self.workspace.user(self.workspace.user_name)
        self.tokens = {name: self.workspace.user(_address(name)).token for name in GRANTED}
        self.tokens["metastore admin"] = admin.token
        self.tokens["workspace admin"] = self.workspace.user("workspace-admin@acme.test", admin=True).token
        member = self.workspace.user(_address(GROUPED), groups=["juniors"])
        self.workspace.group("readers", members=["juniors"])
        robot = self.workspace.service_principal("robot")
        self.tokens |= {GROUPED: member.token, "service principal that reads": robot.token}
        self.robot = robot.user_name
        self.values = {**VALUES, "id": self.workspace._services.unity_catalog.metastore_id}
        self._build()
        self._grant()

    def _build(self) -> None:
        """Everything is made by its owner."""
        admin, owner = "metastore admin", "owns the object"
        self.made(admin, "PATCH", "/api/2.1/unity-catalog/catalogs/prod", owner=_address("owns the catalog"))
        self.made("owns the catalog", "POST", "/api/2.1/unity-catalog/schemas", name="ml", catalog_name="prod")
        self.grant("owns the catalog", owner, *USES, "CREATE_TABLE", "CREATE_VOLUME", "CREATE_FUNCTION", "CREATE_MODEL")
        mlflow = "/api/2.0/mlflow/unity-catalog"
        self.made(owner, "POST", f"{mlflow}/registered-models/create", name=MODEL, tags=[{"key": "k", "value": "v"}])
        for number in ("1", "2"):
            self.made(owner, "POST", f"{mlflow}/model-versions/create", name=MODEL, source="dbfs:/m")
            self.made(owner, "POST", f"{mlflow}/model-versions/set-tag", name=MODEL, version=number, key="k", value="v")
        path = f"/api/2.0/fs/files/Models/{MODEL.replace('.', '/')}/1/MLmodel"
        assert self.ask(owner, "PUT", path, _MLMODEL).status == 204
        self.made(owner, "POST", f"{mlflow}/model-versions/finalize", name=MODEL, version="1")
        self.made(owner, "POST", f"{mlflow}/registered-models/alias", name=MODEL, alias="champion", version="1")
        column = ColumnRecord(name="amount", type_name="DOUBLE", type_text="double")
        self.workspace._services.tables.create(TABLE, [column], "/somewhere", _address(owner))
        self.made(owner, "POST", "/api/2.1/unity-catalog/functions", function_info={**_FUNCTION, "name": "plus"})
        tag = {"entity_type": "tables", "entity_name": TABLE, "tag_key": "k"}
        self.made(owner, "POST", "/api/2.1/unity-catalog/entity-tag-assignments", **tag)
        where = {"catalog_name": "prod", "schema_name": "ml", "name": "raw"}
        self.made(owner, "POST", "/api/2.1/unity-catalog/volumes", **where, volume_type="MANAGED")
        self.made(
            "owns the catalog", "PATCH", "/api/2.1/unity-catalog/schemas/prod.ml", owner=_address("owns the schema")
        )
        self.revoke("owns the catalog", owner, "ALL_PRIVILEGES")

    def _grant(self) -> None:
        for name, privileges in GRANTED.items():
            if privileges:
                self.grant("owns the catalog", name, *privileges)
        for principal in ("readers", self.robot):
            change = {"principal": principal, "add": GRANTED["reads"]}
            path = "/api/2.1/unity-catalog/permissions/catalog/prod"
            self.made("owns the catalog", "PATCH", path, changes=[change])

    def grant(self, who: str, principal: str, *privileges: str) -> None:
        change = {"principal": _address(principal), "add": privileges}
        self.made(who, "PATCH", "/api/2.1/unity-catalog/permissions/catalog/prod", changes=[change])

    def revoke(self, who: str, principal: str, *privileges: str) -> None:
        change = {"principal": _address(principal), "remove": privileges}
        self.made(who, "PATCH", "/api/2.1/unity-catalog/permissions/catalog/prod", changes=[change])

    def made(self, who: str, method: str, path: str, **body: Any) -> Any:
        reply = self.ask(who, method, path, json.dumps(body).encode())
        assert reply.status == 200, (who, path, reply.body)
        return reply.json() if reply.body else None

    def ask(self, who: str, method: str, url: str, body: bytes = b"") -> Reply:
        headers = {"authorization": f"Bearer {self.tokens[who]}"}
        return self.workspace.handle(Request.of(method, url, headers, body))

    def perform(self, operation: Operation, who: str) -> Reply:
        """Ask for an operation on what there is; the state stays as it was."""
        fields = self._fields(operation)
        url = operation.path
        for name in operation.path_parameters:
            text = quote(str(fields.pop(name)).removeprefix("/"))
            url = url.replace(f"<path:{name}>", text).replace(f"<{name}>", text)
        in_query = operation.method in {"GET", "HEAD"} or operation.raw
        snapshot = self.workspace.snapshot()
        try:
            if in_query:
                return self.ask(who, operation.method, f"{url}?{urlencode(fields, doseq=True)}")
            return self.ask(who, operation.method, url, json.dumps(fields).encode())
        finally:
            self.workspace.restore(snapshot)

    def _fields(self, operation: Operation) -> dict[str, Any]:
        """The fields that the operation must have, and those that make it do something."""
        if operation.shape is None:
            return {}
        native = operation.function.__module__.startswith(NATIVE)
        special = (NATIVELY if native else SPECIAL).get(operation.name, {})
        names = [one.encode_name for one in msgspec.structs.fields(operation.shape) if one.required]
        fields = {name: special[name] if name in special else self.values[name] for name in names}
        return {**fields, **special}


def page(world: World) -> str:
    """The page docs/privileges.md: the table of rules, and who may do what, as it turns out when they ask."""
    rules = [f"| {rule.value.deed} | {_privileges(rule)} | {rule.value.reach.value} |" for rule in Rule]
    operations = [
        f"| `{operation.method} {operation.path}` | {' | '.join(_marks(world, operation))} |" for operation in walked()
    ]
    heads = " | ".join(IDENTITIES)
    return _PAGE.format(
        rules="\n".join(rules),
        heads=heads,
        line="|---" * (len(IDENTITIES) + 1) + "|",
        operations="\n".join(operations),
        granted="\n".join(f"- *{who}*: {', '.join(names) or 'nothing'}" for who, names in GRANTED.items()),
    )


def _privileges(rule: Rule) -> str:
    privileges = " or ".join(f"`{one}`" for one in rule.value.privileges)
    return f"{privileges} on the {rule.value.on.value.lower()}"


def _marks(world: World, operation: Operation) -> Iterator[str]:
    for who in IDENTITIES:
        status = world.perform(operation, who).status
        yield "·" if status == 403 else "501" if status == 501 else "yes"


def _address(name: str) -> str:
    return f"{name.replace(' ', '-').replace(',', '')}@acme.test"


VALUES: dict[str, Any] = {
    "catalog_name": "prod",
    "schema_name": "ml",
    "full_name": MODEL,
    "name": MODEL,
    "alias": "champion",
    "version": "1",
    "key": "k",
    "source": "dbfs:/m",
    "operation": "MODEL_VERSION_OPERATION_READ",
    "securable_type": "function",
    "securable_full_name": MODEL,
    "entity_type": "tables",
    "entity_name": TABLE,
    "tag_key": "k",
    "update_mask": "tag_value",
    "volume_type": "MANAGED",
}

SPECIAL: dict[str, dict[str, Any]] = {
    "create_catalog": {"name": "fresh"},
    "get_catalog": {"name": "prod", "include_browse": True},
    "update_catalog": {"name": "prod", "comment": "changed"},
    "delete_catalog": {"name": "prod", "force": True},
    "create_schema": {"name": "fresh"},
    "get_schema": {"full_name": "prod.ml", "include_browse": True},
    "list_schemas": {"include_browse": True},
    "update_schema": {"full_name": "prod.ml", "comment": "changed"},
    "delete_schema": {"full_name": "prod.ml", "force": True},
    "update_metastore": {"new_name": "changed"},
    "create_table": {
        "name": "fresh",
        "table_type": "MANAGED",
        "data_source_format": "DELTA",
        "columns": [{"name": "a", "type_text": "int"}],
    },
    "get_table": {"full_name": TABLE, "include_browse": True},
    "list_tables": {"include_browse": True},
    "create_function": {"function_info": {**_FUNCTION, "name": "fresh"}},
    "get_function": {"name": FUNCTION, "include_browse": True},
    "list_functions": {"include_browse": True},
    "update_function": {"name": FUNCTION, "owner": _address("uses")},
    "delete_function": {"name": FUNCTION},
    "create_tag_assignment": {"tag_key": "fresh"},
    "update_tag_assignment": {"tag_value": "changed"},
    "table_exists": {"full_name": TABLE},
    "update_table": {"full_name": TABLE, "owner": _address("uses")},
    "delete_table": {"full_name": TABLE},
    "create_volume": {"name": "fresh"},
    "read_volume": {"name": VOLUME, "include_browse": True},
    "list_volumes": {"include_browse": True},
    "update_volume": {"name": VOLUME, "comment": "changed"},
    "delete_volume": {"name": VOLUME},
    "update_grants": {"changes": [{"principal": _address("stranger"), "add": ["EXECUTE"]}]},
    "create_registered_model": {"name": "prod.ml.fresh"},
    "update_registered_model": {"description": "changed"},
    "finalize_model_version": {"version": "1"},
    "search_model_versions": {"filter": f"name = '{MODEL}'"},
    "emit_model_version_lineage": {"model_version_lineage_info": {"direction": "DOWNSTREAM"}},
}
"""What some operations ask for, beside or in place of the values above."""

NATIVELY: dict[str, dict[str, Any]] = {
    "create_registered_model": {"name": "fresh"},
    "get_registered_model": {"include_browse": True},
    "list_registered_models": {"catalog_name": "prod", "schema_name": "ml", "include_browse": True},
    "update_registered_model": {"comment": "changed"},
    "set_registered_model_alias": {"version_num": 1},
    "update_securable_tags": {"changes": {"remove": ["k"]}},
    "update_subentity_tags": {"subentity_name": "1", "changes": {"add_tags": [{"key": "fresh"}]}},
    "create_model_version": {"model_name": "fraud"},
    "get_model_version": {"include_browse": True},
    "list_model_versions": {"include_browse": True},
    "update_model_version": {"comment": "changed"},
    "generate_temporary_model_version_credentials": {"model_name": "fraud", "operation": "READ_MODEL_VERSION"},
}
"""The same, of the native dialect of models, whose operations are called as those of MLflow's."""

_PAGE = """\
<!-- Made by `make pages`; what stands in the second table is what the operations answered. -->
# Privileges in Unity Catalog

What [grants](grants.md) it takes to do something. The owner of an object has all privileges on it. Below a catalog it
also takes `USE_CATALOG` on the catalog, and below a schema `USE_SCHEMA` on the schema; the owners of a catalog or
schema need neither for what is in it, and metastore admins need neither where they may do it as such.

| to | takes one of | also may |
|---|---|---|
{rules}

## Operations and identities

Each operation was asked by each kind of person: about the catalog `prod`, the schema `prod.ml`, or an object in it.
`·` is a refusal with 403 `PERMISSION_DENIED`. Lists show to each what they may see. Whoever could say
`include_browse=True` did; without it, who has only `BROWSE` is refused.

| | {heads} |
{line}
{operations}

A workspace admin is an admin of the workspace who is none of the metastore. Who reads by a group, and the service
principal, were granted what *reads* was. What the others were granted, all of it on the catalog `prod`:

{granted}
"""
