import os
from hypothesis import given, settings, HealthCheck, strategies as st
from fakebricks.strategies import payloads, signatures
from mlflow_verdicts import refusal


@settings(max_examples=int(os.environ.get("N", 300)), deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_valid(data):
    signature = data.draw(signatures())
    payload = data.draw(payloads(signature))
    assert refusal(signature, payload) is None
