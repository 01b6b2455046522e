"""The caller's token expires while the caller lives on.

An OAuth token of a service principal is good for one hour. Clients of Databricks renew theirs; code that signs in once
when it starts and keeps the header works through every test, and fails an hour after each release. Personal access
tokens do the same after months, on a day when nobody has changed anything.

The caller must sign in here as it does in production. The workspace's own token, which is in `DATABRICKS_TOKEN`, has no
end: whoever uses that has nothing to fear here, and learns nothing.
"""

from __future__ import annotations

from collections.abc import Callable

from fakebricks.contracts.deployment import Deployment
from fakebricks.contracts.endpoints import ServedEndpoint
from fakebricks.contracts.findings import Evidence, Finding
from fakebricks.contracts.own_code import failure, given, must_ask
from fakebricks.contracts.parameters import Duration
from fakebricks.contracts.scenarios import scenario

SOURCE = "https://docs.databricks.com/aws/en/dev-tools/auth/oauth-m2m"
FIX = "Let databricks-sdk sign in (its tokens are renewed), or sign in again when a token is about to expire."


@scenario(
    title="The caller's own code is still answered when its first token has expired",
    rules={"token-expiry/locked-out": "The caller fails once its token has expired."},
    source=SOURCE,
    meanings={
        "call": "The caller's own code, which signs in and asks the endpoint.",
        "after": "How long after its first request it asks again.",
    },
)
def token_expiry(
    deployment: Deployment, *, call: Callable[[], object] | None = None, after: Duration = Duration(61 * 60)
) -> None:
    code = given("token_expiry.call", call, "the caller's own code, which signs in and asks the endpoint")
    endpoint = ServedEndpoint(deployment)
    endpoint.must_answer()
    must_ask(deployment, code)
    endpoint.client.wait(seconds=after)
    if (error := failure(code)) is not None:
        message = f"{after} after its first request, the caller fails: {error}"
        told = (Evidence("The caller's code", answer=error, expected="an answer"),)
        deployment.found(Finding("token-expiry/locked-out", message, fix=FIX, source=SOURCE, evidence=told))
