"""The environment variables that a served entity asks for.

Real: thirty at most (documented); a value of the form `{{secrets/<scope>/<key>}}` is looked up with the rights of the
endpoint's creator, when the model is deployed. Inferred: that a secret which cannot be read is refused before, what
names can be, and the texts.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping

from fakebricks.services.model_serving.records import ServedEntity
from fakebricks.services.secrets.references import SecretReferences
from fakebricks.wire.errors import InvalidParameterValue

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_MOST = 30


def checked(variables: Mapping[str, str] | None) -> dict[str, str]:
    """The variables that are asked for.

    Raises:
        InvalidParameterValue: they cannot be set.
    """
    given = dict(variables or {})
    if len(given) > _MOST:
        raise InvalidParameterValue(
            f"A served entity cannot have more than {_MOST} environment_vars, not {len(given)}."
        )
    for name, value in given.items():
        if not _NAME.fullmatch(name):
            raise InvalidParameterValue(f"{name[:255]!r} cannot be the name of an environment variable.")
        if "\0" in value:
            raise InvalidParameterValue(f"The environment variable {name} has a value that cannot be set.")
    return given


def resolved(entity: ServedEntity, secrets: SecretReferences, creator: str) -> dict[str, str]:
    """An entity's variables, with the secrets that they refer to.

    Raises:
        InvalidParameterValue: the creator cannot read one of them.
    """
    return {
        name: secrets.resolve(text, f"environment_vars.{name}", creator)
        for name, text in entity.environment_vars.items()
    }


def key(digest: str, variables: Mapping[str, str]) -> str:
    """What a model is kept by that was loaded with variables."""
    if not variables:
        return digest
    return f"{digest}-{hashlib.sha256(repr(sorted(variables.items())).encode()).hexdigest()}"
