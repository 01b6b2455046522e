"""Stored shapes of external models."""

from __future__ import annotations

from typing import Any

from fakebricks.state import Record


class ExternalModel(Record, frozen=True):
    """A model of a provider, as an endpoint serves it."""

    name: str
    provider: str
    task: str
    config: dict[str, Any]
    """The provider's config as it is shown: without secrets that were given as plain text, which are not kept."""
