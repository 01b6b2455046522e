"""Pairs for the rules about models: what they say of themselves, and what they make of requests."""

from __future__ import annotations

import atexit
import json
import shutil
from dataclasses import replace
from functools import cache, partial
from importlib.metadata import version
from itertools import count
from pathlib import Path
from tempfile import mkdtemp

import yaml
from mlflow.models import ModelSignature, infer_signature
from mlflow.types import ColSpec, ParamSchema, ParamSpec, Schema
from mlflow.types.schema import Array
from scenario_fixtures import model
from scenario_pairs import World, pair

from fakebricks.contracts.calling import Client
from fakebricks.contracts.findings import Verdict
from fakebricks.contracts.making import deploy_model
from fakebricks.contracts.running import run

INPUT = '\'[{"type": "double", "name": "amount", "required": true}]\''
OUTPUT = '\'[{"type": "double", "required": true}]\''
UNNAMED = '\'[{"type": "double", "required": true}, {"type": "double", "required": true}]\''
MORE = INPUT.replace("}]", '}, {"type": "long", "name": "fakebricks_extra", "required": false}]')
NULLS_ARE_ZERO = "return model_input['amount'].fillna(0).tolist()"
ONE = "return [1.0] * len(model_input)"
_numbers = count(1)
FIRST = "return (model_input.iloc[:, 0].fillna(0) * 2).tolist()"


def _deployed(world: World, directory: Path) -> Verdict:
    """The verdict on the deployment itself; a sound one has none before a scenario is run."""
    return run([], lambda: world.deploy(directory))[0]


@pair("deployment/refused")
def refused(world):
    return _deployed(world, model(edit=(f"  outputs: {OUTPUT}\n", "  outputs: null\n"))), world.sound("shadow")


@pair("deployment/does-not-load")
def does_not_load(world):
    return _deployed(world, model(top="import only_on_the_laptop")), world.sound("shadow")


# What a model says of itself


@pair("signature-present/no-inputs", also=("signature-present/no-outputs",))
def no_inputs(world):
    unsigned = replace(world.deploy(model()), signature=None)
    return world.judge("signature_present", unsigned), world.sound("signature_present")


@pair("signature-present/no-outputs")
def no_outputs(world):
    faulty = model(edit=(f"  outputs: {OUTPUT}\n", "  outputs: null\n"))
    return world.judge("signature_present", faulty), world.sound("signature_present")


@pair("signature-present/no-input-example")
def no_input_example(world):
    return world.judge("signature_present", model(example=None)), world.sound("signature_present")


@pair("input-example-serves/refused")
def example_refused(world):
    faulty = model(example=json.dumps({"dataframe_records": [{"amount": "much"}]}))
    return world.judge("input_example_serves", faulty), world.sound("input_example_serves")


@pair("input-example-serves/no-prediction")
def no_prediction(world):
    return world.judge("input_example_serves", model("return []")), world.sound("input_example_serves")


# Libraries


@pair("library-drift/breaks")
def drift_breaks(world):
    trained = _trained()
    return world.judge("library_drift", trained, runtime="15.4 LTS ML"), world.sound("library_drift", trained)


@pair("library-drift/risky")
def drift_is_risky(world):
    loose = _copied(world, _trained())
    told = (loose / "requirements.txt").read_text()
    (loose / "requirements.txt").write_text(told.replace(f"scikit-learn=={version('scikit-learn')}", "scikit-learn"))
    return world.judge("library_drift", loose), world.sound("library_drift", _trained())


@pair("library-drift/cannot-be-told")
def drift_cannot_be_told(world):
    faulty = _copied(world, _trained())
    for name in ("python_env.yaml", "conda.yaml"):
        (faulty / name).unlink()
    lines = (faulty / "MLmodel").read_text().splitlines(keepends=True)
    (faulty / "MLmodel").write_text("".join(one for one in lines if "python_version" not in one))
    return world.judge("library_drift", faulty), world.sound("library_drift", _trained())


@cache
def _trained() -> Path:
    """A model that was trained with numpy 2, as its pickle shows."""
    import mlflow.sklearn
    import numpy as np
    from sklearn.linear_model import LinearRegression

    root = Path(mkdtemp(prefix="fakebricks-test-"))
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    numbers, answers = np.eye(2), np.array([1.0, 2.0])
    mlflow.sklearn.save_model(
        LinearRegression().fit(numbers, answers),
        root / "model",
        signature=infer_signature(numbers, answers),
        serialization_format="cloudpickle",
        pip_requirements=[f"{name}=={version(name)}" for name in ("scikit-learn", "numpy", "cloudpickle")],
    )
    return root / "model"


def _copied(world: World, directory: Path) -> Path:
    return Path(shutil.copytree(directory, world.directory / "model"))


# Requests that are not as the signature says


def _mismatched(
    world: World, *promised: ColSpec, served: Path | None = None, **example: object
) -> tuple[Verdict, Verdict]:
    """What consumers were promised, asked of what is served; and a model that keeps its own promise."""
    body = {"dataframe_records": [example or {"amount": 21.0}]}
    faulty = replace(
        world.deploy(served or model(NULLS_ARE_ZERO)),
        signature=ModelSignature(Schema(list(promised))),
        input_example=json.dumps(body).encode(),
    )
    return world.judge("signature_mismatch", faulty), world.sound("signature_mismatch", model(NULLS_ARE_ZERO))


AMOUNT = ColSpec("double", "amount")
mismatch = partial(pair, also=("signature-mismatch/made-up",))


@pair("signature-mismatch/missing-column", also=("signature-mismatch/retyped", "signature-mismatch/made-up"))
def missing_column(world):
    return _mismatched(world, AMOUNT, ColSpec("binary", "picture"), amount=1.0, picture="YQ==")


@pair("signature-mismatch/extra-column")
def extra_column(world):
    body = "return (model_input['amount'].fillna(0) * (3 if 'fakebricks_extra' in model_input else 2)).tolist()"
    return _mismatched(world, AMOUNT, served=model(body, edit=(INPUT, MORE)))


@mismatch("signature-mismatch/reordered")
def reordered(world):
    named = [ColSpec("double", "amount"), ColSpec("double", "age")]
    return _mismatched(world, *named, served=model(FIRST, edit=(INPUT, UNNAMED)), amount=1.0, age=2.0)


@mismatch("signature-mismatch/retyped")
def retyped(world):
    anything = INPUT.replace('"double"', '"any"')
    return _mismatched(world, AMOUNT, served=model(ONE, edit=(INPUT, anything)))


@pair("signature-mismatch/null")
def null(world):
    return world.judge("signature_mismatch", model()), world.sound("signature_mismatch", model(NULLS_ARE_ZERO))


@mismatch("signature-mismatch/out-of-range")
def out_of_range(world):
    return _mismatched(world, ColSpec("long", "amount"), amount=1)


@pair("signature-mismatch/made-up")
def made_up(world):
    anything = INPUT.replace('"double"', '"array", "items": {"type": "any"}')
    promised = ColSpec(Array("double"), "amount")
    return _mismatched(world, promised, served=model(ONE, edit=(INPUT, anything)), amount=[21.0])


@pair("signature-mismatch/unsatisfiable")
def unsatisfiable(world):
    inner = '{"type": "object", "properties": {"pieces": {"type": "integer", "required": true}}'
    nested = f'\'[{inner}, "name": "basket", "required": true}}]\''
    faulty = model(ONE, example=None, edit=(INPUT, nested))
    return world.judge("signature_mismatch", faulty), world.sound("signature_mismatch", model(NULLS_ARE_ZERO))


@pair("signature-mismatch/positional")
def positional(world):
    faulty = model(ONE, example=None, edit=(INPUT, UNNAMED))
    return world.judge("signature_mismatch", faulty), world.sound("signature_mismatch", model(NULLS_ARE_ZERO))


# Consumers of the version behind the alias


def _next_version(old: ModelSignature, new: ModelSignature, world: World) -> tuple[Verdict, Verdict]:
    """A version with the new signature, where the alias stands for one with the old; and the old one once more."""
    name = f"versions{next(_numbers)}"
    root = _copied(world, model())
    told = yaml.safe_load((root / "MLmodel").read_text())
    (root / "MLmodel").write_text(yaml.safe_dump({**told, "signature": old.to_dict()}))
    deployment = deploy_model(world.workspace, root, name)
    path = f"/api/2.1/unity-catalog/models/{deployment.model}/aliases/champion"
    Client(world.workspace).told("PUT", path, {"version_num": 1})
    later = replace(deployment, version="2", signature=new)
    same = replace(deployment, version="2", signature=old)
    return world.judge("signature_compatibility", later), world.judge("signature_compatibility", same)


def _signature(*inputs: ColSpec, outputs: tuple[ColSpec, ...] | None = None, **params: object) -> ModelSignature:
    kinds = {int: "long", float: "double"}
    specs = [ParamSpec(name, kinds[type(default)], default) for name, default in params.items()]
    told = Schema(list(outputs or (ColSpec("double", "score"),)))
    return ModelSignature(Schema(list(inputs or (AMOUNT,))), told, ParamSchema(specs) if specs else None)


COUNTRY = ColSpec("string", "country")
OPTIONAL = ColSpec("string", "country", required=False)
SCORE, REASON = ColSpec("double", "score"), ColSpec("string", "reason")
CHANGES = {
    "new-required-input": (_signature(), _signature(AMOUNT, COUNTRY)),
    "input-now-required": (_signature(AMOUNT, OPTIONAL), _signature(AMOUNT, COUNTRY)),
    "input-retyped": (_signature(), _signature(ColSpec("long", "amount"))),
    "input-ignored": (_signature(AMOUNT, COUNTRY), _signature()),
    "output-removed": (_signature(outputs=(SCORE, REASON)), _signature()),
    "output-retyped": (_signature(), _signature(outputs=(ColSpec("string", "score"),))),
    "output-now-optional": (_signature(), _signature(outputs=(ColSpec("double", "score", required=False),))),
    "param-removed": (_signature(factor=2.0), _signature()),
    "param-retyped": (_signature(factor=2.0), _signature(factor=2)),
    "param-default-changed": (_signature(factor=2.0), _signature(factor=3.0)),
}
for _name, (_old, _new) in CHANGES.items():
    pair(f"signature-compatibility/{_name}")(partial(_next_version, _old, _new))
