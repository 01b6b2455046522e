"""What is read from the files of models, in every format, and that nothing in them is executed."""

from __future__ import annotations

import functools
import io
import json
import os
import pickle
import zipfile
from pathlib import Path

import cloudpickle
import joblib
import lightgbm
import numpy as np
import pandas as pd
import pytest
import xgboost
from hypothesis import given
from hypothesis import strategies as st
from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from fakebricks.drift.contents import Contents, ModelFile
from fakebricks.drift.pickle_machine import UnreadablePickle
from fakebricks.drift.pickles import read_pickle
from fakebricks.drift.reading import read_contents

X = np.random.RandomState(0).normal(size=(40, 3))
TWO = (X[:, 0] > 0).astype(int)

DUMPS = {"pickle": pickle.dump, "cloudpickle": cloudpickle.dump, "joblib": joblib.dump}


@functools.cache
def models():
    return {
        "logistic": LogisticRegression().fit(X, TWO),
        "three classes": LogisticRegression().fit(X, np.digitize(X[:, 0], [-0.5, 0.5])),
        "pipeline": make_pipeline(StandardScaler(), SGDClassifier(loss="log_loss")).fit(X, TWO),
        "boosting": GradientBoostingClassifier(n_estimators=2, random_state=0).fit(X, TWO),
        "histogram": HistGradientBoostingClassifier(max_iter=2).fit(X, TWO),
        "forest": RandomForestClassifier(n_estimators=2, random_state=np.random.RandomState(3)).fit(X, TWO),
    }


def _read(content: bytes) -> ModelFile:
    return read_pickle(io.BytesIO(content), "model.pkl")


def _written(model: object, dump=cloudpickle.dump) -> bytes:
    file = io.BytesIO()
    dump(model, file)
    return file.getvalue()


def _classes(file: ModelFile) -> set[str]:
    return {held.class_name.rpartition(".")[2] for held in file.held}


@pytest.mark.parametrize("way", DUMPS)
@pytest.mark.parametrize("name", ["logistic", "three classes", "pipeline", "boosting", "histogram", "forest"])
def test_an_estimator_is_told_by_its_class_and_version(name, way):
    model = models()[name]
    file = _read(_written(model, DUMPS[way]))
    assert file.held[0].class_name == f"{type(model).__module__}.{type(model).__qualname__}"
    assert file.told["scikit-learn"] == __import__("sklearn").__version__
    assert {"scikit-learn", "numpy"} <= file.libraries


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
def test_all_protocols_tell_the_same(protocol):
    latest, this = _read(pickle.dumps(models()["boosting"])), _read(pickle.dumps(models()["boosting"], protocol))
    assert _classes(this) >= _classes(latest) - {"__randomstate_ctor"}
    assert {one.class_name for one in this.held} >= {"sklearn.tree._tree.Tree"}
    attributes = {name: trait.text for name, trait in this.held[0].traits.items()}
    assert attributes["loss"] == "'log_loss'"
    assert attributes["n_estimators"] == "2"


@pytest.mark.parametrize("way", DUMPS)
def test_of_an_array_the_shape_is_told(way):
    two, three = (_read(_written(models()[name], DUMPS[way])) for name in ("logistic", "three classes"))
    assert two.held[0].traits["coef_"].text == "ndarray(1, 3)"
    assert three.held[0].traits["coef_"].text == "ndarray(3, 3)"


def test_positions_are_in_the_order_of_the_file():
    file = _read(_written(models()["boosting"]))
    boosting = file.held[0]
    tree = next(one for one in file.held if one.class_name == "sklearn.tree._tree.Tree")
    assert boosting.has(tree)
    assert not tree.has(boosting)
    assert boosting.position < boosting.traits["estimators_"].position < tree.position < tree.traits["nodes"].position


def test_code_by_value_is_told_with_what_it_calls():
    class Wrapped:
        def predict(self, frame):
            import yaml

            return yaml.safe_load("1"), np.zeros(len(frame)), helper(frame)

    def helper(frame):
        return pd.DataFrame(frame)

    for one in (Wrapped, helper):
        one.__module__ = "__main__"
    file = _read(_written(Wrapped()))
    assert {"Wrapped", "predict", "helper"} <= set(file.by_value)
    assert "yaml" in file.called
    assert {"numpy", "pandas", "cloudpickle"} <= file.libraries
    assert Contents((file,)).calls("pyyaml")
    assert not Contents((file,)).holds_of("pandas")


def test_code_by_reference_is_none_by_value():
    assert _read(_written(models()["logistic"])).by_value == ()
    assert _read(_written(read_contents)).by_value == ()


def test_native_files_of_xgboost_and_lightgbm_are_known_by_what_they_begin_with(tmp_path):
    booster = xgboost.XGBClassifier(n_estimators=2).fit(X, TWO)
    for name in ("model.json", "model.ubj"):
        booster.save_model(tmp_path / name)
    light = lightgbm.LGBMClassifier(n_estimators=2, min_child_samples=2, verbose=-1).fit(X, TWO)
    light.booster_.save_model(tmp_path / "model.lgb")
    (tmp_path / "MLmodel").write_text("flavors: {}\n")
    contents = read_contents(tmp_path)
    assert {file.path: file.format for file in contents} == {
        "model.json": "xgboost json",
        "model.lgb": "lightgbm text",
        "model.ubj": "xgboost ubj",
    }
    assert {file.told["xgboost"] for file in contents if "xgboost" in file.format} == {xgboost.__version__}
    assert contents.libraries == {"xgboost", "lightgbm"}


def test_a_pickled_booster_is_told(tmp_path):
    (tmp_path / "model.pkl").write_bytes(_written(xgboost.XGBClassifier(n_estimators=2).fit(X, TWO)))
    assert {"XGBClassifier", "Booster"} <= _classes(read_contents(tmp_path).files[0])


def test_skops_tells_classes_attributes_and_versions(tmp_path):
    skops = pytest.importorskip("skops.io", reason="MLflow 2 comes without skops")
    for name, model in models().items():
        skops.dump(model, tmp_path / f"{name}.skops")
    files = {Path(file.path).stem: file for file in read_contents(tmp_path)}
    assert set(files) == set(models())
    for name, model in models().items():
        assert files[name].format == "skops"
        assert files[name].held[0].class_name == f"{type(model).__module__}.{type(model).__qualname__}"
        assert set(files[name].told) == {"skops", "scikit-learn"}
    assert files["logistic"].held[0].traits["coef_"].text == "ndarray(1, 3)"
    assert files["logistic"].held[0].traits["solver"].text == "'lbfgs'"
    forest = files["forest"].held
    assert all(forest[0].has(one) for one in forest[1:])
    assert "sklearn.tree._tree.Tree" in {one.class_name for one in forest}


def test_torch_and_keras_are_known_by_what_is_in_their_archives(tmp_path):
    _zip(tmp_path / "model.pth", {"archive/data.pkl": pickle.dumps(LogisticRegression()), "archive/data/0": b"\0" * 8})
    metadata = json.dumps({"keras_version": "3.3.3"}).encode()
    _zip(tmp_path / "model.keras", {"config.json": b"{}", "metadata.json": metadata, "model.weights.h5": b""})
    _zip(tmp_path / "data.zip", {"readme.txt": b"hello"})
    by_path = {file.path: file for file in read_contents(tmp_path)}
    assert {path: file.format for path, file in by_path.items()} == {"model.keras": "keras", "model.pth": "torch"}
    assert by_path["model.keras"].told == {"keras": "3.3.3"}
    assert by_path["model.pth"].libraries == {"torch", "scikit-learn"}


def _zip(path: Path, members: dict[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def test_there_must_be_something(tmp_path):
    with pytest.raises(FileNotFoundError, match="There is no model at"):
        read_contents(tmp_path / "nothing")


def test_links_out_of_the_model_are_not_followed(tmp_path):
    (tmp_path / "secret.pkl").write_bytes(pickle.dumps(LogisticRegression()))
    model = tmp_path / "model"
    model.mkdir()
    (model / "model.pkl").symlink_to(tmp_path / "secret.pkl")
    assert read_contents(model) == Contents()


# Damaged and hostile files.


class _Touches:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return os.system, (f"touch {self.path}",)


def test_nothing_is_executed(tmp_path):
    touched = tmp_path / "touched"
    content = pickle.dumps(_Touches(touched))
    (tmp_path / "model.pkl").write_bytes(content)
    _zip(tmp_path / "model.pth", {"archive/data.pkl": content})
    contents = read_contents(tmp_path)
    assert not touched.exists()
    assert [set(file.names) for file in contents] == [{"posix.system"}] * 2
    pickle.loads(content)
    assert touched.exists(), "the pickle would have done it"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "it is empty"),
        (b"garbage", "it is no whole pickle"),
        (b"\x80\x04", "it is no whole pickle"),
        (b"\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\x7f.", "it is no whole pickle"),
        (b"\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\x00.", "it is no whole pickle"),
        (b"\x80\x04K\x01K\x02\x93.", "imports something that is no name"),
        (b"\x80\x04R.", "it is no whole pickle"),
        (b"\x80\x04(R.", "it is no whole pickle"),
        (b"\x80\x04h\x07.", "it is no whole pickle"),
        (b"PK\x03\x04garbage", "it is no whole zip archive"),
        (b"version https://git-lfs.github.com/spec/v1\n", "it is no whole pickle"),
    ],
)
def test_what_is_damaged_is_a_finding(tmp_path, content, reason):
    (tmp_path / "model.pkl").write_bytes(content)
    contents = read_contents(tmp_path)
    assert contents.files == ()
    [finding] = contents.unreadable
    assert finding.path == "model.pkl"
    assert reason in finding.reason


def test_a_pickle_that_is_cut_off_is_a_finding(tmp_path):
    content = _written(models()["boosting"])
    for length in range(2, len(content), 97):
        (tmp_path / "model.pkl").write_bytes(content[:length])
        assert len(read_contents(tmp_path).unreadable) == 1


def test_a_pickle_that_never_ends_is_a_finding(monkeypatch):
    monkeypatch.setattr("fakebricks.drift.pickle_machine.MOST_OPCODES", 1000)
    with pytest.raises(UnreadablePickle, match="more than 1,000 opcodes"):
        _read(b"\x80\x04" + b"N0" * 1000 + b"N.")


def test_what_is_referred_to_again_and_again_is_held_once():
    """A tower of lists, each twice in the next, has 2**200 leaves when it is walked."""
    doubled = b"".join(b"]\x94h" + bytes([i]) + b"a" + b"h" + bytes([i]) + b"a" for i in range(200))
    file = _read(b"\x80\x04]\x94" + doubled + b".")
    assert file.held == ()


def test_deep_nesting_is_read():
    file = _read(b"\x80\x04" + b"(" * 50_000 + b"N" + b"t" * 50_000 + b".")
    assert file.held == ()


def test_an_array_larger_than_the_file_is_a_finding():
    content = _written(np.arange(100.0), joblib.dump)
    with pytest.raises(UnreadablePickle, match="ends within an array"):
        _read(content[:-20])


@pytest.mark.parametrize(
    "schema",
    [b"", b"{", b"[]", b"1", b"{}", b"[" * 100_000, b'{"__class__": 1}', b'{"a": {"content": []}}'],
)
def test_a_damaged_skops_file_is_a_finding(tmp_path, schema):
    _zip(tmp_path / "model.skops", {"schema.json": schema})
    [finding] = read_contents(tmp_path).unreadable
    assert "schema.json" in finding.reason


def test_an_archive_that_bursts_is_a_finding(tmp_path, monkeypatch):
    monkeypatch.setattr("fakebricks.drift.zips.LARGEST_MEMBER", 1000)
    _zip(tmp_path / "model.skops", {"schema.json": b" " * 2000})
    [finding] = read_contents(tmp_path).unreadable
    assert "more than 1,000 bytes" in finding.reason


@given(st.binary(max_size=300))
def test_random_bytes_are_read_or_refused(content):
    _read_or_refused(b"\x80\x04" + content)


@given(
    st.lists(
        st.sampled_from(
            [bytes([i]) for i in b"()]}0123tluaesRbcNKhq\x81\x85\x86\x87\x88\x8f\x90\x91\x92\x93\x94\x95QP\x97"]
        ),
        max_size=80,
    )
)
def test_random_opcodes_are_read_or_refused(opcodes):
    _read_or_refused(b"\x80\x04" + b"".join(opcodes) + b".")


@given(st.data())
def test_mutated_pickles_are_read_or_refused(data):
    content = bytearray(_mutable(data.draw(st.sampled_from(["logistic", "pipeline", "joblib"]))))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place : place + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    _read_or_refused(bytes(content))


@functools.cache
def _mutable(name: str) -> bytes:
    return _written(models()["pipeline"], joblib.dump) if name == "joblib" else _written(models()[name])


def _read_or_refused(content: bytes) -> None:
    try:
        file = _read(content)
    except UnreadablePickle:
        return
    assert isinstance(file.libraries, frozenset)
    assert isinstance(Contents((file,)).told, dict)


@given(
    st.recursive(
        st.none() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["__class__", "__module__", "__loader__", "content", "file", "_skops_version", "x"]),
                inner | st.sampled_from(["ObjectNode", "DictNode", "NdArrayNode", "JsonNode"]),
                max_size=5,
            )
        ),
        max_leaves=15,
    )
)
def test_random_schemas_are_read_or_refused(tmp_path_factory, schema):
    path = tmp_path_factory.mktemp("model") / "model.skops"
    _zip(path, {"schema.json": json.dumps(schema).encode()})
    contents = read_contents(path)
    assert len(contents.files) + len(contents.unreadable) == 1
