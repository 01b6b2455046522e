"""Whatever is done to models in one dialect has the same effect, and the same refusals, as in the other."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from typing import Any, NamedTuple

from conftest import RefusedError, Rest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakebricks import Workspace

MLFLOW = "/api/2.0/mlflow/unity-catalog"
NATIVE = "/api/2.1/unity-catalog"
MLMODEL = b"signature:\n  inputs: '[]'\n  outputs: '[]'\n"

Fields = dict[str, Any]
Outcome = tuple[int, str, str] | None


class Deed(NamedTuple):
    """Something done to a model, to be done in either dialect."""

    name: str
    fields: Fields
    natively: bool

    def swapped(self) -> Deed:
        return self._replace(natively=not self.natively)

    def do(self, rest: Rest) -> Outcome:
        """Do it; how it was refused, or None."""
        dialect = NATIVELY if self.natively else IN_MLFLOW
        try:
            dialect[self.name](rest, **self.fields)
        except RefusedError as error:
            return error.status, error.error_code, error.message
        return None


def native_levels(name: str) -> Fields:
    catalog, schema, model = name.split(".")
    return {"catalog_name": catalog, "schema_name": schema, "name": model}


def version_fields(name: str) -> Fields:
    catalog, schema, model = name.split(".")
    return {"catalog_name": catalog, "schema_name": schema, "model_name": model, "source": "dbfs:/a"}


def upload(rest: Rest, name: str, version: int) -> None:
    rest.call("PUT", f"/api/2.0/fs/files/Models/{name.replace('.', '/')}/{version}/MLmodel?overwrite=true", MLMODEL)


def finalize_in_mlflow(rest: Rest, name: str, version: int, *, whole: bool) -> None:
    if whole:
        upload(rest, name, version)
    rest.post(f"{MLFLOW}/model-versions/finalize", name=name, version=str(version))


def finalize_natively(rest: Rest, name: str, version: int, *, whole: bool) -> None:
    if whole:
        upload(rest, name, version)
    rest.patch(f"{NATIVE}/models/{name}/versions/{version}/finalize")


IN_MLFLOW: dict[str, Callable[..., Any]] = {
    "create": lambda rest, name, comment, key: rest.post(
        f"{MLFLOW}/registered-models/create", name=name, description=comment, tags=[{"key": key, "value": "v"}]
    ),
    "update": lambda rest, name, comment: rest.patch(
        f"{MLFLOW}/registered-models/update", name=name, description=comment
    ),
    "rename": lambda rest, name, new_name: rest.patch(
        f"{MLFLOW}/registered-models/update", name=name, new_name=new_name
    ),
    "delete": lambda rest, name: rest.delete(f"{MLFLOW}/registered-models/delete", name=name),
    "create_version": lambda rest, name, comment, key: rest.post(
        f"{MLFLOW}/model-versions/create",
        name=name,
        source="dbfs:/a",
        description=comment,
        tags=[{"key": key, "value": "v"}],
    ),
    "finalize": finalize_in_mlflow,
    "update_version": lambda rest, name, version, comment: rest.patch(
        f"{MLFLOW}/model-versions/update", name=name, version=str(version), description=comment
    ),
    "delete_version": lambda rest, name, version: rest.delete(
        f"{MLFLOW}/model-versions/delete", name=name, version=str(version)
    ),
    "set_alias": lambda rest, name, alias, version: rest.post(
        f"{MLFLOW}/registered-models/alias", name=name, alias=alias, version=str(version)
    ),
    "delete_alias": lambda rest, name, alias: rest.delete(f"{MLFLOW}/registered-models/alias", name=name, alias=alias),
    "set_tag": lambda rest, name, key: rest.post(f"{MLFLOW}/registered-models/set-tag", name=name, key=key, value="w"),
    "delete_tag": lambda rest, name, key: rest.delete(f"{MLFLOW}/registered-models/delete-tag", name=name, key=key),
    "set_version_tag": lambda rest, name, version, key: rest.post(
        f"{MLFLOW}/model-versions/set-tag", name=name, version=str(version), key=key, value="w"
    ),
    "delete_version_tag": lambda rest, name, version, key: rest.delete(
        f"{MLFLOW}/model-versions/delete-tag", name=name, version=str(version), key=key
    ),
}

NATIVELY: dict[str, Callable[..., Any]] = {
    "create": lambda rest, name, comment, key: rest.post(
        f"{NATIVE}/models", **native_levels(name), comment=comment, tags=[{"key": key, "value": "v"}]
    ),
    "update": lambda rest, name, comment: rest.patch(f"{NATIVE}/models/{name}", comment=comment),
    "rename": lambda rest, name, new_name: rest.patch(f"{NATIVE}/models/{name}", new_name=new_name),
    "delete": lambda rest, name: rest.delete(f"{NATIVE}/models/{name}"),
    "create_version": lambda rest, name, comment, key: rest.post(
        f"{NATIVE}/models/versions", **version_fields(name), comment=comment, tags=[{"key": key, "value": "v"}]
    ),
    "finalize": finalize_natively,
    "update_version": lambda rest, name, version, comment: rest.patch(
        f"{NATIVE}/models/{name}/versions/{version}", comment=comment
    ),
    "delete_version": lambda rest, name, version: rest.delete(f"{NATIVE}/models/{name}/versions/{version}"),
    "set_alias": lambda rest, name, alias, version: rest.put(
        f"{NATIVE}/models/{name}/aliases/{alias}", version_num=version
    ),
    "delete_alias": lambda rest, name, alias: rest.delete(f"{NATIVE}/models/{name}/aliases/{alias}"),
    "set_tag": lambda rest, name, key: rest.patch(
        f"{NATIVE}/securable-tags/FUNCTION/{name}", changes={"add_tags": [{"key": key, "value": "w"}]}
    ),
    "delete_tag": lambda rest, name, key: rest.patch(
        f"{NATIVE}/securable-tags/FUNCTION/{name}", changes={"remove": [key]}
    ),
    "set_version_tag": lambda rest, name, version, key: rest.patch(
        f"{NATIVE}/subentity-tags/FUNCTION/{name}/{version}", changes={"add_tags": [{"key": key, "value": "w"}]}
    ),
    "delete_version_tag": lambda rest, name, version, key: rest.patch(
        f"{NATIVE}/subentity-tags/FUNCTION/{name}/{version}", changes={"remove": [key]}
    ),
}

# What is valid and there comes up most, so that a history gets somewhere: each item is taken as often as it stands.
NAMES = st.sampled_from(["main.default.a"] * 12 + ["Main.Default.A"] * 2 + ["main.default.b"] * 2 + ["main.nope.a"])
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "name": NAMES,
    "new_name": st.sampled_from(["main.default.b", "b", "main.default.a", "main.nope.a", "a b", ""]),
    "version": st.sampled_from([1, 1, 1, 2, 2, 3, 4, 0]),
    "comment": st.sampled_from(["", "c", "d"] * 3 + ["x" * 65_537]),
    "alias": st.sampled_from(["champion"] * 4 + ["challenger"] * 2 + ["v1", "latest"]),
    "key": st.sampled_from(["team"] * 4 + ["stage"] * 4 + ["", "k" * 257]),
    "whole": st.sampled_from([True, True, False]),
}
TAKES = {
    "create": ("name", "comment", "key"),
    "update": ("name", "comment"),
    "rename": ("name", "new_name"),
    "delete": ("name",),
    "create_version": ("name", "comment", "key"),
    "finalize": ("name", "version", "whole"),
    "update_version": ("name", "version", "comment"),
    "delete_version": ("name", "version"),
    "set_alias": ("name", "alias", "version"),
    "delete_alias": ("name", "alias"),
    "set_tag": ("name", "key"),
    "delete_tag": ("name", "key"),
    "set_version_tag": ("name", "version", "key"),
    "delete_version_tag": ("name", "version", "key"),
}


@st.composite
def deeds(draw: st.DrawFn) -> Deed:
    # What makes something comes up more often than what removes it.
    making = ["create_version", "finalize", "set_alias", "set_tag", "set_version_tag", "update"]
    name = draw(st.sampled_from([*TAKES, *making, *making, "create"]))
    return Deed(name, {field: draw(FIELDS[field]) for field in TAKES[name]}, draw(st.booleans()))


def seen_in_mlflow(rest: Rest) -> Fields:
    """All models and versions, as MLflow's dialect tells them, in terms of neither dialect."""
    found = {}
    for listed in rest.get(f"{MLFLOW}/registered-models/search").get("registered_models", []):
        told = rest.get(f"{MLFLOW}/registered-models/get", name=listed["name"])["registered_model"]
        query = {"filter": f"name='{listed['name']}'"}
        versions = rest.get(f"{MLFLOW}/model-versions/search", **query).get("model_versions", [])
        found[told["name"]] = {
            "comment": told.get("description"),
            "created": told["creation_timestamp"],
            "by": told["user_id"],
            "aliases": {one["alias"]: int(one["version"]) for one in told.get("aliases", [])},
            "tags": told.get("tags", []),
            "versions": [version_in_mlflow(rest, one) for one in versions],
        }
    return found


def version_in_mlflow(rest: Rest, listed: Fields) -> Fields:
    told = rest.get(f"{MLFLOW}/model-versions/get", name=listed["name"], version=listed["version"])["model_version"]
    return {
        "number": int(told["version"]),
        "status": told["status"],
        "comment": told.get("description"),
        "source": told["source"],
        "location": told["storage_location"],
        "created": told["creation_timestamp"],
        "updated": told["last_updated_timestamp"],
        "aliases": [one["alias"] for one in told.get("aliases", [])],
        "tags": told.get("tags", []),
    }


def seen_natively(rest: Rest) -> Fields:
    """The same, as the native dialect tells them."""
    found = {}
    for listed in rest.get(f"{NATIVE}/models").get("registered_models", []):
        path = f"{NATIVE}/models/{listed['full_name']}"
        told = rest.get(path, include_aliases="true")
        found[told["full_name"]] = {
            "comment": told.get("comment"),
            "created": told["created_at"],
            "by": told["created_by"],
            "aliases": {one["alias_name"]: one["version_num"] for one in told.get("aliases", [])},
            "tags": told.get("tags", []),
            "versions": [
                version_natively(rest.get(f"{path}/versions/{one['version']}", include_aliases="true"))
                for one in rest.get(f"{path}/versions").get("model_versions", [])
            ],
        }
    return found


def version_natively(told: Fields) -> Fields:
    return {
        "number": told["version"],
        "status": told["status"],
        "comment": told.get("comment"),
        "source": told["source"],
        "location": told["storage_location"],
        "created": told["created_at"],
        "updated": told["updated_at"],
        "aliases": [one["alias_name"] for one in told.get("aliases", [])],
        "tags": told.get("tags", []),
    }


def timeless(seen: Fields) -> Fields:
    """Without times and ids, which two workspaces need not have in common."""
    return {
        name: {
            **model,
            "created": None,
            "versions": [{**one, "created": None, "updated": None, "location": None} for one in model["versions"]],
        }
        for name, model in seen.items()
    }


@settings(max_examples=80)
@given(st.lists(deeds(), min_size=15, max_size=40))
def test_both_dialects_do_and_tell_the_same(history: list[Deed]):
    with closing(Workspace()) as one, closing(Workspace()) as other:
        here, there = Rest(one), Rest(other)
        for deed in [Deed("create", {"name": "main.default.a", "comment": "", "key": "team"}, natively=True), *history]:
            before = one.snapshot()
            outcome = deed.do(here)
            assert outcome == deed.swapped().do(there), deed
            if outcome:
                assert outcome[0] < 500 or outcome[0] == 501
                if not deed.fields.get("whole"):
                    assert one.snapshot() == before
        assert seen_in_mlflow(here) == seen_natively(here)
        assert seen_in_mlflow(there) == seen_natively(there)
        assert timeless(seen_natively(here)) == timeless(seen_natively(there))
