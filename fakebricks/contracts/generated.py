"""Requests that are made up by Hypothesis from a signature, to find one that is answered and should not be."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from fakebricks.contracts.calling import Exchange
from fakebricks.contracts.scenarios import NotApplicable

if TYPE_CHECKING:
    from fakebricks.strategies import Mismatch


def wrongly_answered(
    signature: Any, ask: Callable[[bytes], Exchange], requests: int
) -> tuple[Mismatch, Exchange] | None:
    """The smallest request that was found to be answered although MLflow refuses it, with the answer; None if none is.

    The same program asks the same each time; in another one, Hypothesis takes up constants of other modules.

    Args:
        signature: MLflow's `ModelSignature`.
        ask: sends the body of a request.
        requests: how many are made up.

    Raises:
        NotApplicable: Hypothesis is not installed.
        UnsatisfiableSignature: MLflow takes no JSON for the signature.
    """
    try:
        from hypothesis import HealthCheck, Phase, given, settings
    except ModuleNotFoundError:
        message = "Hypothesis makes requests up, and is not installed: pip install 'fakebricks[contracts]'"
        raise NotApplicable(message) from None
    from fakebricks.strategies import UnsatisfiableSignature, mismatched_payloads

    try:
        mismatches = mismatched_payloads(signature)
    except UnsatisfiableSignature:
        raise
    except ValueError:  # nothing that anybody sends is wrong
        return None
    found: list[tuple[Mismatch, Exchange]] = []

    @settings(
        max_examples=requests,
        phases=(Phase.generate, Phase.shrink),
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(mismatches)
    def refused(mismatch: Mismatch) -> None:
        answer = ask(json.dumps(mismatch.payload).encode())
        if mismatch.refused and answer.ok:
            found.append((mismatch, answer))
            raise AssertionError(mismatch.description)

    try:
        refused()
    except AssertionError:
        return found[-1]
    return None
