"""Searches for models and versions: filters, orders and pages."""

from __future__ import annotations

import pytest
from conftest import Rest
from registry_calls import MODELS, VERSIONS, logged, refused, registered


@pytest.fixture
def run(rest: Rest) -> dict[str, str]:
    return logged(rest)


@pytest.fixture
def models(rest: Rest, run: dict[str, str]) -> None:
    for name in ("fraud_a", "fraud_b", "churn"):
        registered(rest, run["source"], name=name, run_id=run["run_id"], tags=[{"key": "of", "value": name}])
    rest.post(f"{MODELS}/set-tag", name="churn", key="team", value="crm")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["churn", "fraud_a", "fraud_b"]),
        ("name = 'churn'", ["churn"]),
        ("name != 'churn'", ["fraud_a", "fraud_b"]),
        ("name LIKE 'fraud%'", ["fraud_a", "fraud_b"]),
        ("name LIKE 'raud'", ["fraud_a", "fraud_b"]),
        ("name ILIKE 'FRAUD'", ["fraud_a", "fraud_b"]),
        ("name IN ('churn', 'x')", ["churn"]),
        ("tags.team = 'crm'", ["churn"]),
        ("tags.team = 'crm' AND name LIKE 'f%'", []),
        ("tag.`mlflow.prompt.is_prompt` != 'true'", ["churn", "fraud_a", "fraud_b"]),
    ],
)
def test_models_are_found(rest, models, text, expected):
    found = rest.get(f"{MODELS}/search", filter=text).get("registered_models", [])
    assert [one["name"] for one in found] == expected


def test_models_are_ordered(rest, models):
    def names(*orders: str) -> list[str]:
        return [one["name"] for one in rest.get(f"{MODELS}/search", order_by=orders)["registered_models"]]

    assert names("name DESC") == ["fraud_b", "fraud_a", "churn"]
    assert names("last_updated_timestamp") == names("timestamp ASC") == ["fraud_a", "fraud_b", "churn"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("name = 'churn'", ["churn"]),
        ("name = 'churn' AND version_number < 2", ["churn"]),
        ("version_number > 1", []),
        ("run_id = 'RUN'", ["churn", "fraud_b", "fraud_a"]),
        ("run_id = 'x'", []),
        ("source_path LIKE '%/model'", ["churn", "fraud_b", "fraud_a"]),
        ("tags.of = 'fraud_b'", ["fraud_b"]),
        ("name LIKE 'raud'", []),
    ],
)
def test_versions_are_found(rest, run, models, text, expected):
    found = rest.get(f"{VERSIONS}/search", filter=text.replace("RUN", run["run_id"])).get("model_versions", [])
    assert [one["name"] for one in found] == expected


def test_pages(rest, models):
    for path, what in ((f"{MODELS}/search", "registered_models"), (f"{VERSIONS}/search", "model_versions")):
        first = rest.get(path, max_results=2)
        second = rest.get(path, max_results=2, page_token=first["next_page_token"])
        names = [one["name"] for page in (first, second) for one in page[what]]
        assert sorted(names) == ["churn", "fraud_a", "fraud_b"]
        assert "next_page_token" not in second
        question = {"filter": "name != 'x'", "page_token": first["next_page_token"]}
        assert refused(rest.get, path, **question)[1] == "INVALID_PARAMETER_VALUE"
    listed = rest.get(f"{MODELS}/list", max_results=1)
    again = rest.get(f"{MODELS}/list", max_results=1, page_token=listed["next_page_token"])
    assert [one["registered_models"][0]["name"] for one in (listed, again)] == ["churn", "fraud_a"]


@pytest.mark.parametrize("path", [f"{MODELS}/search", f"{VERSIONS}/search"])
@pytest.mark.parametrize(
    "question",
    [
        {"filter": "color = 'red'"},
        {"filter": "name = 'a' OR name = 'b'"},
        {"filter": "name > 'a'"},
        {"filter": "name = a"},
        {"order_by": "color"},
        {"order_by": ["name", "name DESC"]},
        {"max_results": 0},
        {"max_results": 10_001},
        {"page_token": "x"},
    ],
)
def test_questions_that_cannot_be(rest, path, question):
    assert refused(rest.get, path, **question)[:2] == (400, "INVALID_PARAMETER_VALUE")
