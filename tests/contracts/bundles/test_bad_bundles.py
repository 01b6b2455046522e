"""Whatever stands in the files of a bundle: it is read and deployed, or what is wrong is said with its place."""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml
from bundles_on_disk import EXAMPLE
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fakebricks import Workspace
from fakebricks.contracts.bundles import Bundle, BundleError, deploy, load_bundle
from fakebricks.contracts.bundles.known_keys import BUNDLE, DEPLOYED
from fakebricks.contracts.bundles.schema import Leaf, Named

KEYS = st.sampled_from(["a", "b", "dev", "self"])
REFERENCES = st.sampled_from(
    [
        *("${var.a}", "${var.b}", "${var.b.x[0]}", "${var.a}-${var.a}", "${bundle.name}", "${bundle}", "${var}", "${"),
        *("${workspace.current_user.userName}", "${resources.jobs.a.id}", "${resources.jobs.a.name}"),
        *("${resources.schemas.b.full_name}", "${resources.experiments.a}", "${resources.registered_models.a.id}"),
    ]
)
TEXTS = st.one_of(
    st.sampled_from(["main", "default", "main.default.m", "main.default.t", "/Shared/x", "*", "1", "a", "users", ""]),
    REFERENCES,
    st.text(max_size=8),
)
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), TEXTS)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3), max_leaves=5
)
LEAVES = {
    Leaf.TEXT: TEXTS,
    Leaf.WHOLE: st.integers(-1, 200),
    Leaf.NUMBER: st.integers(-1, 200),
    Leaf.BOOLEAN: st.booleans(),
    Leaf.MAPPING: st.dictionaries(TEXTS, SCALARS, max_size=2),
    Leaf.ANYTHING: TEXTS,
}
USUAL = ("name", "catalog_name", "schema_name", "config", "served_entities", "entity_name", "table_name", "snapshot")


def of(known) -> st.SearchStrategy:
    """What fits a type."""
    if isinstance(known, Leaf):
        return LEAVES[known]
    if isinstance(known, list):
        return st.lists(of(known[0]), max_size=2)
    if isinstance(known, Named):
        return st.dictionaries(KEYS, of(known.values), min_size=1, max_size=2)
    fields = {name: st.deferred(lambda one=one: of(one)) for name, one in known.items()}
    usual = [name for name in fields if name in USUAL]
    return st.lists(st.sampled_from(sorted(fields)), max_size=3, unique=True).flatmap(
        lambda names: st.fixed_dictionaries({name: fields[name] for name in {*usual, *names}})
    )


RESOURCES = st.lists(st.sampled_from(list(DEPLOYED)), min_size=1, max_size=3, unique=True).flatmap(
    lambda kinds: st.fixed_dictionaries(
        {kind: st.fixed_dictionaries({f"{key}": of(DEPLOYED[kind])}) for key, kind in zip("abc", kinds, strict=False)}
    )
)
BUNDLES = st.fixed_dictionaries(
    {
        "bundle": st.just({"name": "b"}),
        "variables": st.just({"a": {"default": "main"}, "b": {"type": "complex", "default": {"x": ["${var.a}"]}}}),
        "resources": RESOURCES,
    },
    optional={
        **{name: of(BUNDLE[name]) for name in ("workspace", "run_as", "presets")},
        "permissions": st.just([{"level": "CAN_VIEW", "group_name": "users"}]),
        "targets": st.fixed_dictionaries({"dev": of({"mode": Leaf.TEXT}) | st.just({"mode": "development"})}),
    },
)


def loaded(root: Path) -> Bundle | None:
    try:
        return load_bundle(root)
    except BundleError as error:
        assert error.message
        assert error.place
        assert error.place.file
        assert "\n" not in error.message
        return None


def deployed(bundle: Bundle) -> None:
    workspace = Workspace(strict=False)
    try:
        for finding in deploy(bundle, workspace):
            assert finding.message
            assert finding.place
        statuses = {call.status for call in workspace.calls}
        assert not {status for status in statuses if status >= 500} - {501}
    finally:
        workspace.close()


@settings(max_examples=100)
@given(
    st.one_of(st.binary(max_size=60), st.text(alphabet="ab:-[]{}&*!|>'\"#%@`?,<= \n\t0.$", max_size=60).map(str.encode))
)
def test_any_bytes(content):
    with TemporaryDirectory() as folder:
        (Path(folder) / "databricks.yml").write_bytes(content)
        loaded(Path(folder))


def _scalars(tree, path=()):
    if isinstance(tree, dict | list):
        for key, one in tree.items() if isinstance(tree, dict) else enumerate(tree):
            yield from _scalars(one, (*path, key))
    yield path


def _replaced(tree, path, value):
    if not path:
        return value
    copy = dict(tree) if isinstance(tree, dict) else list(tree)
    copy[path[0]] = _replaced(tree[path[0]], path[1:], value)
    return copy


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(BUNDLES, st.data())
def test_made_up_bundles(tree, data):
    if data.draw(st.booleans(), "spoiled"):
        tree = _replaced(tree, data.draw(st.sampled_from(list(_scalars(tree)))), data.draw(VALUES))
    with TemporaryDirectory() as folder:
        root = Path(folder) / "databricks.yml"
        root.write_text(yaml.safe_dump(tree))
        if bundle := loaded(root):
            deployed(bundle)


FILES = {path.relative_to(EXAMPLE): yaml.safe_load(path.read_text()) for path in EXAMPLE.rglob("*.yml")}
PLACES = [(file, path) for file, tree in FILES.items() for path in _scalars(tree)]


@settings(max_examples=80, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(PLACES), VALUES)
def test_the_example_with_one_value_replaced_by_another(place, value):
    file, path = place
    with TemporaryDirectory() as folder:
        root = Path(shutil.copytree(EXAMPLE, Path(folder) / "fraud", ignore=shutil.ignore_patterns("model")))
        (root / file).write_text(yaml.safe_dump(_replaced(FILES[file], path, value)))
        if bundle := loaded(root):
            deployed(bundle)
