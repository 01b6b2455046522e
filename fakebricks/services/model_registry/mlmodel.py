"""The little that the registry reads in an MLmodel file: whether the model has a full signature.

Real: a model without a signature, or with inputs only, is refused with the texts of MLflow's client, which checks the
same before it uploads (documented: `mlflow/store/_unity_catalog/registry/rest_store.py`). MLflow writes MLmodel as
block YAML, whose top level stands at the start of a line; that, and JSON, is all that is understood here, so that the
core needs no YAML parser.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from fakebricks.wire.errors import InvalidParameterValue

_EXPLANATION = (
    "All models in the Unity Catalog must be logged with a model signature containing both input and output type "
    "specifications. See https://mlflow.org/docs/latest/model/signatures.html#how-to-log-models-with-signatures "
    "for details on how to log a model with a signature"
)
_BLOCK = re.compile(r"^signature:[ \t]*\n((?:[ \t]+.*\n|[ \t]*\n)+)", re.MULTILINE)
_MEMBER = re.compile(r"^[ \t]+(\w+):[ \t]*(.*)$", re.MULTILINE)
_NOTHING = ("", "null", "~", "''", '""')


def check_signature(mlmodel: bytes) -> None:
    """Refuse a model whose signature does not have both inputs and outputs.

    Raises:
        InvalidParameterValue: it has no signature, or one without outputs.
    """
    members = _signature(mlmodel)
    if not members:
        raise InvalidParameterValue(
            f"Model passed for registration did not contain any signature metadata. {_EXPLANATION}"
        )
    if members.get("outputs") in (None, *_NOTHING):
        raise InvalidParameterValue(
            f"Model passed for registration contained a signature that includes only inputs. {_EXPLANATION}"
        )


def _signature(mlmodel: bytes) -> dict[str, Any]:
    text = mlmodel.decode(errors="replace").replace("\r\n", "\n")
    if text.lstrip().startswith("{"):
        return _signature_of_json(text)
    block = _BLOCK.search(f"{text}\n")
    return dict(_MEMBER.findall(block[1])) if block else {}


def _signature_of_json(text: str) -> dict[str, Any]:
    try:
        model = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return {}
    signature = model.get("signature") if isinstance(model, dict) else None
    return signature if isinstance(signature, dict) else {}
