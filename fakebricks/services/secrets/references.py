"""References to secrets, as configurations hold them in place of values: `{{secrets/<scope>/<key>}}` (documented).

Real: a reference is looked up with the rights of who owns the configuration. Inferred: that one which cannot be looked
up is refused as soon as it is given, and the text.
"""

from __future__ import annotations

import re

from fakebricks.services.secrets.secrets import Secrets
from fakebricks.wire.errors import DatabricksError, InvalidParameterValue

_REFERENCE = re.compile(r"\{\{\s*secrets/(?P<scope>[^/{}\s]+)/(?P<key>[^/{}\s]+)\s*\}\}")


class SecretReferences:
    """Looks references up."""

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets

    def resolve(self, text: str, field: str, user_name: str) -> str:
        """The value that a field refers to; a text that is no reference is returned as it is.

        Args:
            text: of the field.
            field: what it is called, for an error to say; its text is never said, which may be a secret by mistake.
            user_name: whose rights count.

        Raises:
            InvalidParameterValue: the secret does not exist, or is not theirs to read, or is no text.
        """
        found = _REFERENCE.fullmatch(text)
        if found is None:
            return text
        try:
            return self._secrets.read_as(found["scope"], found["key"], user_name).decode()
        except UnicodeDecodeError:
            message = f"The secret that '{field}' refers to is not text."
            raise InvalidParameterValue(message) from None
        except DatabricksError as error:
            message = f"The secret that '{field}' refers to cannot be read by {user_name}: {error.message}"
            raise InvalidParameterValue(message) from None

    def require(self, text: str, field: str, user_name: str) -> None:
        """A field is a reference to a secret that is there to be read; see `resolve`.

        Raises:
            InvalidParameterValue: it is not.
        """
        if not is_reference(text):
            message = (
                f"'{field}' must be a reference to a secret, of the form {{{{secrets/<scope>/<key>}}}}. To give the "
                f"value itself, there is '{field}_plaintext'."
            )
            raise InvalidParameterValue(message)
        self.resolve(text, field, user_name)


def is_reference(text: str) -> bool:
    """Whether a text is a reference to a secret.

    >>> is_reference("{{secrets/llm/openai}}"), is_reference("sk-1234")
    (True, False)
    """
    return _REFERENCE.fullmatch(text) is not None
