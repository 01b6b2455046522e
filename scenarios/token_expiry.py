"""The caller's token expires while the caller lives on.

An OAuth token of a service principal is good for one hour. Clients of Databricks renew theirs; code that signs in once
when it starts and keeps the header works through every test, and fails an hour after each release. Personal access
tokens do the same after months, on a day when nobody has changed anything.
"""

from __future__ import annotations

from collections.abc import Callable

from fakebricks.contracts.deployment import Deployment
from fakebricks.contracts.endpoints import ServedEndpoint
from fakebricks.contracts.findings import Evidence, Finding
from fakebricks.contracts.parameters import Duration
from fakebricks.contracts.scenarios import NotApplicable, scenario

SOURCE = "https://docs.databricks.com/aws/en/dev-tools/auth/oauth-m2m"
FIX = "Let databricks-sdk sign in (its tokens are renewed), or sign in again when a token is about to expire."


@scenario(
    title="The caller's own code is still answered when its first token has expired",
    rules={"token-expiry/locked-out": "The caller fails once its token has expired."},
    source=SOURCE,
)
def token_expiry(
    deployment: Deployment, *, call: Callable[[], object] | None = None, after: Duration = Duration(61 * 60)
) -> None:
    if call is None:
        raise NotApplicable("there is no call=..., the caller's own code that asks the endpoint")
    endpoint = ServedEndpoint(deployment)
    endpoint.must_answer()
    try:
        call()
    except Exception as error:  # noqa: BLE001 - whatever the user's code raises
        raise NotApplicable(f"the caller fails at once: {type(error).__name__}: {error}") from None
    endpoint.client.wait(seconds=after)
    try:
        call()
    except Exception as error:  # noqa: BLE001 - whatever the user's code raises is the finding
        message = f"{after} after its first request, the caller fails: {type(error).__name__}"
        told = (Evidence("The caller's code", answer=f"{type(error).__name__}: {error}", expected="an answer"),)
        deployment.found(Finding("token-expiry/locked-out", message, fix=FIX, source=SOURCE, evidence=told))
