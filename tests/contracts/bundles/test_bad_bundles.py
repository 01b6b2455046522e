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
from fakebricks.contracts.bundles.known_keys import BUNDLE, DEPLOYED, NOT_DEPLOYED, TARGET
from fakebricks.contracts.bundles.schema import Leaf, Named

NAMES = st.sampled_from(["a", "b", "name", "dev", "self", "", "value", "${var.a}"])
TEXTS = st.one_of(
    st.sampled_from(
        [
            "${var.a}",
            "${var.b.x[0]}",
            "${var.a.b}-${var.b}",
            "${bundle.name}",
            "${bundle}",
            "${workspace.current_user.userName}",
            "${resources.jobs.a.id}",
            "${resources.jobs.a.name}",
            "${resources.schemas.b.full_name}",
            "${resources.experiments.a}",
            "${var}",
            "${",
            "main.default.m",
            "/Shared/x",
            "*",
            "databricks.yml",
            "development",
            "complex",
        ]
    ),
    st.text(max_size=8),
)
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), TEXTS)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=5
)


def of(known) -> st.SearchStrategy:
    """What fits a type, and sometimes what does not."""
    if isinstance(known, Leaf):
        return VALUES if known in (Leaf.ANYTHING, Leaf.MAPPING) else SCALARS
    if isinstance(known, list):
        return st.one_of(st.lists(of(known[0]), max_size=2), SCALARS)
    if isinstance(known, Named):
        return st.one_of(st.dictionaries(NAMES, of(known.values), max_size=2), SCALARS)
    fields = {name: st.deferred(lambda one=one: of(one)) for name, one in known.items()}
    return st.lists(st.sampled_from(sorted(fields)), max_size=4, unique=True).flatmap(
        lambda names: st.fixed_dictionaries({name: fields[name] for name in names})
    )


RESOURCES = st.fixed_dictionaries(
    {}, optional={kind: of(Named(fields)) for kind, fields in DEPLOYED.items()} | {NOT_DEPLOYED[0]: VALUES}
)
VARIABLES = of(BUNDLE["variables"])
BUNDLES = st.fixed_dictionaries(
    {"bundle": st.just({"name": "b"}) | of(BUNDLE["bundle"])},
    optional={
        **{name: of(known) for name, known in BUNDLE.items() if name not in ("resources", "bundle", "targets")},
        "variables": st.fixed_dictionaries({"a": of(BUNDLE["variables"].values), "b": st.just({"default": "x"})})
        | VARIABLES,
        "resources": RESOURCES,
        "targets": st.dictionaries(NAMES, of({**TARGET, "resources": Leaf.ANYTHING}), max_size=2),
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


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(BUNDLES)
def test_made_up_bundles(tree):
    with TemporaryDirectory() as folder:
        root = Path(folder) / "databricks.yml"
        root.write_text(yaml.safe_dump(tree))
        if bundle := loaded(root):
            deployed(bundle)


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
