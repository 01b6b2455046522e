import os
from hypothesis import given, settings, HealthCheck, strategies as st, note
from fakebricks.strategies import mismatched_payloads, signatures
from fakebricks.strategies.declared import read_signature
from fakebricks.strategies.formats import forms
from fakebricks.strategies.mismatched import mutations
from fakebricks.strategies.valid import bodies
from mlflow_verdicts import refusal


@settings(max_examples=int(os.environ.get("N", 200)), deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_mismatched(data):
    signature = data.draw(signatures())
    declared = read_signature(signature)
    form = data.draw(st.sampled_from(forms(declared)))
    body = data.draw(bodies(declared, form, max_rows=3, values={}))
    for m in mutations(declared, form):
        payload = m.apply(body)
        why = refusal(signature, payload)
        assert (why is not None) == m.refused, (m, payload, why)
