"""The ids of all that a check may find, by which a project weighs and waives it.

Not looked at: which ids of bundles there are. They begin with `bundle/`.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from fnmatch import fnmatchcase
from pathlib import Path

from fakebricks.contracts.agreements import signatures
from fakebricks.contracts.catalogue import catalogue
from fakebricks.contracts.making import RULES
from fakebricks.contracts.policies import POLICIES
from fakebricks.contracts.project import SettingsError
from fakebricks.contracts.scenarios import Scenario
from fakebricks.contracts.weighing import Weights

_OF_BUNDLES = "bundle/"
_OF_EXAMPLES = ("contract/example-refused", "contract/over-sla", "contract/no-endpoint")


def rules(scenarios: Iterable[Scenario] = ()) -> frozenset[str]:
    """The ids of the rules of deployments, policies, contracts with consumers and scenarios.

    >>> {"cold-start/over-sla", "policy/alias-not-version", "contract/input-retyped"} <= rules()
    True

    Args:
        scenarios: of the user's own, beside those that come with fakebricks.
    """
    told = (rule for one in (*catalogue().values(), *scenarios) for rule in one.rules)
    return frozenset((*told, *RULES, *POLICIES, *signatures.RULES, *_OF_EXAMPLES))


def check_known(weights: Weights, scenarios: Iterable[Scenario], file: Path) -> None:
    """That what a project weighs and waives is there: a waiver with a slip in it waives nothing.

    Raises:
        SettingsError: no rule has such an id, or fits such a pattern.
    """
    known = rules(scenarios)
    for pattern in (*weights.severities, *weights.waivers):
        if pattern.startswith(_OF_BUNDLES) or any(fnmatchcase(rule, pattern) for rule in known):
            continue
        close = get_close_matches(pattern, known, 1)
        instead = f"did you mean {close[0]!r}?" if close else "docs/scenario-catalogue.md and docs/check.md have them"
        message = f"{file}: no rule is {pattern!r}, which is weighed or waived; {instead}"
        raise SettingsError(message)
