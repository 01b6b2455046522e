"""What can be changed of an endpoint beside what it serves, and what is refused by name."""

from __future__ import annotations

import pytest
from acting import refused

ENDPOINTS = "/api/2.0/serving-endpoints"


@pytest.fixture
def endpoint(rest) -> str:
    rest.post(ENDPOINTS, name="fraud", description="first")
    return f"{ENDPOINTS}/fraud"


def test_a_description_is_changed(rest, endpoint):
    assert rest.patch(f"{endpoint}/description", description="second") == {"name": "fraud", "description": "second"}
    assert rest.get(endpoint)["description"] == "second"


def test_notifications_are_kept_and_the_call_log_says_that_no_mail_is_sent(rest, workspace, endpoint):
    asked = {"on_update_success": ["ann@acme.test"], "on_update_failure": ["ops@acme.test"]}
    answer = rest.patch(f"{endpoint}/notifications", email_notifications=asked)
    assert answer == {"name": "fraud", "email_notifications": asked}
    assert "none is sent" in workspace.calls[-1].notes[0]
    assert rest.get(endpoint)["email_notifications"] == asked
    wrong = {"on_update_success": ["nobody"]}
    refused("INVALID_PARAMETER_VALUE", rest.patch, f"{endpoint}/notifications", email_notifications=wrong)
    refused("INVALID_PARAMETER_VALUE", rest.post, ENDPOINTS, name="more", email_notifications=wrong)
    assert rest.post(ENDPOINTS, name="more", email_notifications=asked)["email_notifications"] == asked


def test_what_is_missing(rest):
    for verb in ("description", "notifications"):
        refused("RESOURCE_DOES_NOT_EXIST", rest.patch, f"{ENDPOINTS}/none/{verb}")
    refused("RESOURCE_DOES_NOT_EXIST", rest.put, f"{ENDPOINTS}/none/rate-limits", rate_limits=[])


def test_what_is_not_computed_is_refused_by_name(rest, workspace, endpoint):
    for verb, path, name in (
        ("patch", f"{endpoint}/budget-policy", "nothing is billed"),
        ("get", f"{ENDPOINTS}/databricks-llama", "the platform's own endpoints"),
        ("post", "/serving-endpoints/databricks-llama/invocations", "workspace.model_provider"),
        ("post", f"{ENDPOINTS}/pt", "provisioned throughput"),
        ("put", f"{ENDPOINTS}/pt/fraud/config", "provisioned throughput"),
        ("get", f"{ENDPOINTS}/get-model-optimization-info/main.default.fraud/1", "provisioned throughput"),
    ):
        assert name in refused("NOT_IMPLEMENTED", getattr(rest, verb), path)
    workspace.unsupported.clear()
