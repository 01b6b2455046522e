"""What a model version says of itself in its MLmodel file: its signature, and the task of an agent.

Real: MLflow writes the task of a ChatModel, a ChatAgent and a ResponsesAgent into its model's metadata, and the
platform shows it as the endpoint's (documented). A file that is no YAML declares nothing; that the model does not load
is said when its deployment ends.
"""

from __future__ import annotations

from typing import Any

import msgspec

from fakebricks.services.model_serving.records import Declared


def declared(mlmodel: bytes) -> Declared:
    """What an MLmodel file declares."""
    import yaml  # MLflow's own dependency, and MLflow is what serves the model

    try:
        model = yaml.safe_load(mlmodel)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError):
        return Declared()
    signature, metadata = _member(model, "signature"), _member(model, "metadata")
    return Declared(
        task=_text(metadata, "task"),
        inputs=_columns(signature, "inputs"),
        outputs=_columns(signature, "outputs"),
        params=_columns(signature, "params"),
    )


def _member(fields: Any, name: str) -> Any:
    return fields.get(name) if isinstance(fields, dict) else None


def _text(fields: Any, name: str) -> str | None:
    value = _member(fields, name)
    return value if isinstance(value, str) else None


def _columns(signature: Any, name: str) -> str | None:
    """A part of the signature, which is JSON in a string, where it is a list with something in it."""
    text = _text(signature, name)
    try:
        columns = msgspec.json.decode(text) if text else None
    except (msgspec.DecodeError, RecursionError):
        return None
    return text if isinstance(columns, list) and columns else None
