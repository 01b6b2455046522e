"""Environment variables of a model's own: set while it loads and scores, from secrets too, and put back."""

from __future__ import annotations

import os

import pytest
from acting import refused
from serving_fixtures import MODEL

ENDPOINTS = "/api/2.0/serving-endpoints"
READS = "import os; return [os.environ.get('FAKEBRICKS_TEST_FACTOR', 'none') + LOADED] * len(model_input)"
TOP = "import os; LOADED = os.environ.get('FAKEBRICKS_TEST_LOADED', '-')"


@pytest.fixture
def secret(rest) -> None:
    rest.post("/api/2.0/secrets/scopes/create", scope="llm")
    rest.post("/api/2.0/secrets/put", scope="llm", key="factor", string_value="two")


def test_they_are_there_while_the_model_loads_and_scores_and_nowhere_else(rest, secret, register, deploy, query):
    version = register(READS, top=TOP)
    variables = {"FAKEBRICKS_TEST_FACTOR": "{{secrets/llm/factor}}", "FAKEBRICKS_TEST_LOADED": "!"}
    made = deploy(version=version, entity={"environment_vars": variables})
    assert made["config"]["served_entities"][0]["environment_vars"] == variables
    assert query([{"amount": 1.0}]).json() == {"predictions": ["two!"]}
    assert not [name for name in os.environ if name.startswith("FAKEBRICKS_TEST_")]
    deploy("plain", version)
    assert query([{"amount": 1.0}], "plain").json() == {"predictions": ["none-"]}
    rest.post("/api/2.0/secrets/put", scope="llm", key="factor", string_value="three")
    assert query([{"amount": 1.0}]).json() == {"predictions": ["two!"]}
    served = [{"entity_name": MODEL, "entity_version": version, "environment_vars": variables}]
    rest.put(f"{ENDPOINTS}/fraud/config", served_entities=served)
    rest.workspace.clock.advance(minutes=10)
    assert query([{"amount": 1.0}]).json() == {"predictions": ["three!"]}


@pytest.mark.parametrize(
    "variables",
    [
        {"1A": "x"},
        {"A B": "x"},
        {"": "x"},
        {"A": "\0"},
        {"A": 1.5, "B": []},
        {f"A{number}": "x" for number in range(31)},
        {"A": "{{secrets/none/key}}"},
    ],
)
def test_what_cannot_be_set(rest, workspace, register, variables):
    config = {"served_entities": [{"entity_name": MODEL, "entity_version": register(), "environment_vars": variables}]}
    before = workspace.snapshot()
    refused("INVALID_PARAMETER_VALUE", rest.post, ENDPOINTS, name="fraud", config=config)
    assert workspace.snapshot() == before
