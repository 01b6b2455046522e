"""A contract file: what the consumers of a model rely on, as JSON that they keep in their own repository.

{"fakebricks_contract": 1, "model": "fraud", "endpoint": "fraud", "sla": "1s",
 "signature": {"inputs": [...], "outputs": [...], "params": null}, "examples": [{"dataframe_records": [...]}]}
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fakebricks.contracts.agreements.signatures import breaking_changes
from fakebricks.contracts.parameters import Duration

_VERSION = 1
_FIELDS = frozenset(("fakebricks_contract", "model", "endpoint", "sla", "signature", "examples"))
_PARTS = ("inputs", "outputs", "params")


class AgreementError(ValueError):
    """A contract file that cannot be read, or says what no contract can; the message names the file."""


@dataclass(frozen=True)
class Agreement:
    """What consumers rely on.

    Attributes:
        model: what is promised, for people to read.
        endpoint: the endpoint's name; None where any will do.
        sla: seconds within which a warm endpoint answers; None where nothing is promised.
        signature: as `ModelSignature.to_dict()` has it, but with lists for texts of JSON; None where there is none.
        examples: bodies of requests that must be answered.
    """

    model: str
    endpoint: str | None = None
    sla: float | None = None
    signature: Mapping[str, Any] | None = None
    examples: tuple[Any, ...] = ()

    @classmethod
    def of_model(
        cls, directory: Path, name: str, *, endpoint: str | None = None, sla: float | None = None
    ) -> Agreement:
        """What a model promises by its own files.

        Raises:
            AgreementError: there is no model in the directory.
        """
        from mlflow.exceptions import MlflowException
        from mlflow.models import Model

        try:
            model = Model.load(str(directory))
        except (MlflowException, OSError, TypeError, ValueError, KeyError, AttributeError) as error:
            message = f"{directory / 'MLmodel'} cannot be read: {error}"
            raise AgreementError(message) from None
        signature = None if model.signature is None else _plain(model.signature.to_dict())
        told = (model.saved_input_example_info or {}).get("serving_input_path")
        file = directory / told if told else None
        examples = (json.loads(file.read_text()),) if file and file.is_file() else ()
        return cls(name, endpoint, sla, signature, examples)

    @classmethod
    def read(cls, file: Path) -> Agreement:
        """The contract in a file.

        Raises:
            AgreementError: it cannot be read.
        """
        try:
            told = json.loads(file.read_text())
        except json.JSONDecodeError as error:
            message = f"{file}:{error.lineno}: not JSON: {error.msg}"
            raise AgreementError(message) from None
        except OSError as error:
            message = f"{file} cannot be read: {error.strerror or error}"
            raise AgreementError(message) from None
        except ValueError as error:
            message = f"{file}: not JSON: {error}"
            raise AgreementError(message) from None
        try:
            return cls._of(told)
        except ValueError as error:
            message = f"{file}: {error}"
            raise AgreementError(message) from None

    def write(self, file: Path) -> None:
        """Write it into a file.

        Raises:
            AgreementError: it cannot be written.
        """
        told = {
            "fakebricks_contract": _VERSION,
            "model": self.model,
            "endpoint": self.endpoint,
            "sla": None if self.sla is None else str(Duration(self.sla)),
            "signature": self.signature,
            "examples": list(self.examples),
        }
        try:
            file.write_text(json.dumps(told, indent=2) + "\n")
        except OSError as error:
            message = f"{file}: {error.strerror or error}"
            raise AgreementError(message) from None

    @classmethod
    def _of(cls, told: Any) -> Agreement:
        if not isinstance(told, dict) or "fakebricks_contract" not in told:
            message = f'not a contract: it has no "fakebricks_contract": {_VERSION}'
            raise ValueError(message)
        if told["fakebricks_contract"] != _VERSION:
            message = f"a contract of form {told['fakebricks_contract']!r}; this fakebricks reads form {_VERSION}"
            raise ValueError(message)
        if unknown := sorted(told.keys() - _FIELDS):
            message = f"a contract has no {', '.join(map(repr, unknown))}; it has {', '.join(sorted(_FIELDS))}"
            raise ValueError(message)
        signature = told.get("signature")
        breaking_changes(_checked(signature), {part: [] for part in _PARTS})
        examples = told.get("examples") or []
        if not isinstance(examples, list) or not all(isinstance(one, dict) for one in examples):
            message = "'examples' is a list of bodies of requests, each an object"
            raise ValueError(message)
        endpoint = told.get("endpoint")
        if not isinstance(endpoint, str | None):
            message = f"'endpoint' is a name, not {endpoint!r}"
            raise ValueError(message)  # noqa: TRY004 - it is a field's value that is wrong
        return cls(str(told.get("model", "")), endpoint, _sla(told.get("sla")), signature, tuple(examples))


def _plain(signature: Mapping[str, Any]) -> dict[str, Any]:
    """With lists where MLflow has texts of JSON."""
    return {part: json.loads(text) if isinstance(text := signature.get(part), str) else None for part in _PARTS}


def _checked(signature: Any) -> Any:
    """A signature that MLflow can read."""
    if signature is None:
        return None
    if not isinstance(signature, dict):
        message = f"'signature' has inputs, outputs and params, and is not {signature!r:.80}"
        raise ValueError(message)  # noqa: TRY004 - it is a field's value that is wrong
    from mlflow.exceptions import MlflowException
    from mlflow.models import ModelSignature

    try:
        ModelSignature.from_dict(
            {part: json.dumps(signature[part]) if signature.get(part) else None for part in _PARTS}
        )
    except (MlflowException, AttributeError, KeyError, TypeError, ValueError) as error:
        message = f"'signature' is none of MLflow's, with inputs, outputs and params: {error}"
        raise ValueError(message) from None
    return signature


def _sla(told: Any) -> float | None:
    if told is None:
        return None
    seconds = Duration.read(str(told))
    if not 0 < seconds < math.inf:
        message = f"'sla' is {told!r}, and not a duration such as '1s'"
        raise ValueError(message)
    return float(seconds)
