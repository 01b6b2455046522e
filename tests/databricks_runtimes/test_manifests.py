"""The manifests of runtimes: what the published tables say, found by any usual spelling."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakebricks.databricks_runtimes.manifests import all_runtimes, find

# scikit-learn, numpy, pandas, xgboost, lightgbm, torch, mlflow-skinny: as read in the published tables.
PUBLISHED = {
    "13.3 LTS ML": ("3.10", "1.1.1", "1.21.5", "1.4.4", "1.7.6", "3.3.5", "1.13.1+cpu", "2.5.0"),
    "14.3 LTS ML": ("3.10", "1.1.1", "1.23.5", "1.5.3", "1.7.6", "4.1.0", "2.0.1+cpu", "2.9.2"),
    "15.4 LTS ML": ("3.11", "1.3.0", "1.23.5", "1.5.3", "2.0.3", "4.3.0", "2.3.1+cpu", "2.13.1"),
    "16.4 LTS ML": ("3.12", "1.4.2", "1.26.4", "1.5.3", "2.0.3", "4.5.0", "2.6.0+cpu", "2.21.3"),
    "17.3 LTS ML": ("3.12", "1.6.1", "2.1.3", "2.2.3", "3.0.0", "4.6.0", "2.7.0+cpu", "3.0.1"),
    "18 LTS ML": ("3.12", "1.6.1", "2.1.3", "2.2.3", "3.1.1", "4.6.0", "2.9.0+cpu", "3.8.1"),
    "19 ML": ("3.12", "1.7.2", "2.3.4", "2.3.3", "3.2.0", "4.6.0", "2.12.0+cpu", "3.12.0"),
}
LIBRARIES = ("scikit-learn", "numpy", "pandas", "xgboost", "lightgbm", "torch", "mlflow-skinny")


def test_seven_runtimes_and_eight_serverless_environments_are_known():
    assert [runtime.name for runtime in all_runtimes() if not runtime.serverless] == list(PUBLISHED)
    assert len([runtime for runtime in all_runtimes() if runtime.serverless]) == 8


@pytest.mark.parametrize(("name", "versions"), PUBLISHED.items())
def test_a_runtime_holds_what_its_release_notes_say(name: str, versions: tuple[str, ...]):
    runtime = find(name)

    assert (runtime.python, *(runtime.libraries[library] for library in LIBRARIES)) == versions
    assert len(runtime.libraries) > 300
    assert runtime.full_python.startswith(runtime.python)


def test_names_of_libraries_are_normalised():
    names = {name for runtime in all_runtimes() for name in runtime.libraries}

    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name) for name in names)


def test_a_manifest_cannot_be_changed():
    with pytest.raises(TypeError):
        find("15.4").libraries["numpy"] = "0"


@pytest.mark.parametrize(
    ("spelling", "name"),
    [
        ("15.4", "15.4 LTS ML"),
        ("15.4 LTS", "15.4 LTS ML"),
        (" 15.4 lts ml ", "15.4 LTS ML"),
        ("15.4.x-cpu-ml-scala2.12", "15.4 LTS ML"),
        ("DBR 15.4", "15.4 LTS ML"),
        ("Databricks Runtime 15.4 LTS for Machine Learning", "15.4 LTS ML"),
        ("16.4.x-cpu-ml-scala2.13", "16.4 LTS ML"),
        ("18", "18 LTS ML"),
        ("18.0.x-cpu-ml-scala2.13", "18 LTS ML"),
        ("19", "19 ML"),
        ("serverless-v2", "Serverless environment version 2"),
        ("Serverless environment version 2", "Serverless environment version 2"),
        ("serverless 2", "Serverless environment version 2"),
        ("serverless-v5-ml", "Serverless environment version 5 (ML base environment)"),
        ("serverless environment version 5 ML", "Serverless environment version 5 (ML base environment)"),
    ],
)
def test_usual_spellings_are_understood(spelling: str, name: str):
    assert find(spelling).name == name


@pytest.mark.parametrize("runtime", all_runtimes(), ids=lambda runtime: runtime.key)
def test_each_runtime_is_found_by_its_key_and_its_name(runtime):
    assert find(runtime.key) is find(runtime.name) is find(runtime.name.upper()) is runtime


@pytest.mark.parametrize(
    "spelling", ["15.5 LTS ML", "15.4.x-scala2.12", "15.4.x-gpu-ml-scala2.12", "serverless-v99", "", "latest"]
)
def test_an_unknown_runtime_is_refused_with_the_known_ones(spelling: str):
    with pytest.raises(ValueError, match=r"16\.4 LTS ML, 17\.3 LTS ML.*serverless-v6-ml\.$"):
        find(spelling)


def test_an_unknown_runtime_is_told_what_may_be_meant():
    with pytest.raises(ValueError, match=r"No runtime is known as '15\.5 LTS ML'\. Did you mean 15\.4 LTS ML\?"):
        find("15.5 LTS ML")


@given(st.text())
def test_no_text_does_worse_than_being_unknown(text: str):
    try:
        assert find(text) in all_runtimes()
    except ValueError as error:
        assert len(str(error)) < 1_000


def test_the_file_is_read_when_the_first_is_asked_for():
    asked = "from fakebricks.databricks_runtimes.manifests import all_runtimes as a; print(a.cache_info())"
    told = subprocess.run([sys.executable, "-c", asked], check=True, capture_output=True, text=True).stdout

    assert "misses=0" in told
