"""The team's own code, which some scenarios call: what queries the endpoint, what deploys it, what trains its model.

Real: it runs in this process, and meets the workspace as it meets the platform. It is tried first where nothing is
wrong, so that what it does wrong by itself is not taken for what the scenario is about.
"""

from __future__ import annotations

from collections.abc import Callable

from fakebricks.contracts.deployment import Deployment
from fakebricks.contracts.parameters import ParameterError
from fakebricks.contracts.scenarios import NotApplicable
from fakebricks.wire.calls import CallRecord

QUERIES = ("query_serving_endpoint", "query_serving_endpoint_data_plane", "query_serving_endpoint_as_openai")
"""The operations by which an endpoint is asked: by its URL, by a route-optimized one, and as OpenAI's clients do."""

_SHOWN = 500
_MOMENT = 0.001

Code = Callable[[], object]


def given(place: str, code: Code | None, what: str) -> Code:
    """The code that a scenario calls.

    Args:
        place: the scenario and the parameter, such as `token_expiry.call`.
        code: the parameter.
        what: it is to be.

    Raises:
        NotApplicable: it was not given.
    """
    if code is None:
        name = place.partition(".")[2]
        raise NotApplicable(f"it needs {what}: --param {place}=module:function, or {name}=function in a test")
    return code


def failure(code: Code) -> str | None:
    """What the code raises, if it does; to exit is no way to end either."""
    try:
        code()
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever the user's code raises is told
        return f"{type(error).__name__}: {error}"[:_SHOWN]
    return None


def must_work(name: str, code: Code) -> None:
    """Run the code where nothing is wrong.

    Args:
        name: of the parameter that it was given by.
        code: what to run.

    Raises:
        ParameterError: it fails.
    """
    if (error := failure(code)) is not None:
        raise ParameterError(f"{name}=... fails before anything is wrong: {error}")


def must_ask(deployment: Deployment, call: Code) -> None:
    """Run the code that is to ask the endpoint, where nothing is wrong.

    Raises:
        ParameterError: it fails, or asks something else.
    """
    workspace = deployment.workspace
    workspace.clock.advance(seconds=_MOMENT)
    began = workspace.clock.time()
    must_work("call", call)
    asked = [one for one in workspace.calls if one.operation in QUERIES and one.time >= began]
    if not any(_is_asked(deployment.endpoint, one) for one in asked):
        instead = f", but {', '.join(dict.fromkeys(one.path for one in asked))}" if asked else ""
        raise ParameterError(f"call=... does not ask the endpoint {deployment.endpoint!r}{instead}")


def _is_asked(endpoint: str, call: CallRecord) -> bool:
    """By the path, or by the body where it is one of OpenAI's."""
    return endpoint in call.path.split("/") or f'"{endpoint}"'.encode() in call.request_body
