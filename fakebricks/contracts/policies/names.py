"""What names say: of which environment something is, and what is only there for a while.

Inferred: all of it; these are the words that teams use.
"""

from __future__ import annotations

import re

_ENVIRONMENTS = {
    "dev": "dev",
    "development": "dev",
    "test": "test",
    "qa": "test",
    "staging": "staging",
    "stage": "staging",
    "preprod": "staging",
    "prod": "prod",
    "production": "prod",
}
_PASSING = frozenset(("adhoc", "debug", "sandbox", "scratch", "temp", "throwaway", "tmp"))


def environment(name: str) -> str | None:
    """The environment that a name tells: `dev`, `test`, `staging` or `prod`; None where it tells none, or two.

    >>> environment("prod_eu"), environment("fraud-dev"), environment("main")
    ('prod', 'dev', None)
    """
    found = {_ENVIRONMENTS[word] for word in _words(name) if word in _ENVIRONMENTS}
    return found.pop() if len(found) == 1 else None


def passing(name: str) -> bool:
    """Whether a name says that what has it is there for a while only.

    >>> passing("debug-3"), passing("/Shared/scratch"), passing("templates")
    (True, True, False)
    """
    return not _PASSING.isdisjoint(_words(name))


def _words(name: str) -> list[str]:
    return re.split(r"[^a-z]+", name.lower().replace("ad-hoc", "adhoc"))
