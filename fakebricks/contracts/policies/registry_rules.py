"""Policies on models: how they are logged and registered, and how code asks for them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from fakebricks.contracts.policies.policy import Broken, policy
from fakebricks.contracts.policies.seen import Seen, succeeded
from fakebricks.wire.calls import CallRecord

_LEGACY = re.compile(r"/api/2\.0/(preview/)?mlflow/registered-models/create")
_ALIASED = re.compile(
    r"/api/2\.0/mlflow/unity-catalog/registered-models/alias|/api/2\.1/unity-catalog/models/[^/]+/aliases/.+"
)
_MADE = re.compile(r"/api/2\.0/mlflow/unity-catalog/model-versions/create")
_DESCRIBING = frozenset(("MLmodel", "conda.yaml", "constraints.txt", "python_env.yaml", "requirements.txt"))
"""Who reads only these asks about a model, and does not load it."""

_PINNED = re.compile(r"[^#]*(={2,3}\s*[^\s*]+\s*(;.*)?$|@|^-|^[\w./-]+\.whl)")


@policy(
    title="Code loads models by alias, not by version",
    fix="Load models:/<name>@champion; promotion is then one swap of the alias, and no change of code.",
    source="https://docs.databricks.com/aws/en/machine-learning/manage-model-lifecycle/",
)
def alias_not_version(seen: Seen) -> Iterator[Broken]:
    """A version that the calls themselves have made may be loaded by its number: that is how it is validated."""
    known = {version for call in seen.calls for version in _resolved(call)}
    for file in seen.read():
        if file.path not in _DESCRIBING and (file.model, file.version) not in known:
            known.add((file.model, file.version))
            yield Broken(f"{file.model} is loaded by its version, {file.version}.", file.call)


@policy(
    title="No new model in the workspace model registry",
    fix="Register it in Unity Catalog: mlflow.set_registry_uri('databricks-uc') and a name of three levels.",
    source="https://docs.databricks.com/aws/en/machine-learning/manage-model-lifecycle/workspace-model-registry",
)
def no_new_model_in_legacy_registry(seen: Seen) -> Iterator[Broken]:
    for call in seen.calls:
        if call.method == "POST" and _LEGACY.fullmatch(call.path) and succeeded(call):
            yield Broken(f"{call.json().get('name')!r} is registered in the workspace model registry.", call)


@policy(
    title="Requirements of registered models are pinned",
    fix="Pin every requirement: scikit-learn==1.4.2. MLflow does so itself where pip_requirements is left out.",
    source="https://mlflow.org/docs/latest/ml/model/dependencies/",
)
def requirements_pinned(seen: Seen) -> Iterator[Broken]:
    for file, text in seen.written("requirements.txt"):
        lines = [line.strip() for line in text.splitlines()]
        loose = [line for line in lines if line and not line.startswith("#") and not _PINNED.match(line)]
        if loose:
            yield Broken(f"{file.model} version {file.version} requires {', '.join(loose)} without a version.")


@policy(
    title="Registered models have a signature and an input example",
    fix="Log it with input_example=...; MLflow infers the signature from it.",
    source="https://mlflow.org/docs/latest/ml/model/signatures/",
)
def signature_and_example_logged(seen: Seen) -> Iterator[Broken]:
    for file, text in seen.written("MLmodel"):
        keys = {line.partition(":")[0] for line in text.splitlines()}
        lacking = [
            name
            for key, name in (("signature", "signature"), ("saved_input_example_info", "input example"))
            if key not in keys
        ]
        if lacking:
            yield Broken(f"{file.model} version {file.version} has no {' and no '.join(lacking)}.")


def _resolved(call: CallRecord) -> Iterator[tuple[str, str]]:
    """The version that a call has found by an alias, or made."""
    found = call.method == "GET" and _ALIASED.fullmatch(call.path)
    if not (found or (call.method == "POST" and _MADE.fullmatch(call.path))) or not succeeded(call):
        return
    told = json.loads(call.reply_body)
    version = told.get("model_version", told)
    name = version.get("name") or ".".join(
        version.get(part, "") for part in ("catalog_name", "schema_name", "model_name")
    )
    yield name, str(version["version"])
