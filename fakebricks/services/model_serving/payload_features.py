"""The rows of inference tables as features and predictions, by the signatures of the models that were served.

Real: which version a row is of, which the table itself says (legacy), or its served entity (AI Gateway; on the platform
`system.serving.served_entities` says so). Rows of a version that has been deleted since, or that has no signature, have
an error in the place of features.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from fakebricks.services.inference_tables.inference_tables import InferenceTables
from fakebricks.services.inference_tables.signature_types import Signature, columns
from fakebricks.services.inference_tables.unpacking import Version, unpacked
from fakebricks.services.model_serving.stored import StoredModels
from fakebricks.wire.errors import DatabricksError

if TYPE_CHECKING:
    import pyarrow as pa


class PayloadFeatures:
    """Unpacks the inference tables of one workspace."""

    def __init__(self, tables: InferenceTables, stored: StoredModels) -> None:
        self._tables = tables
        self._stored = stored

    def unpacked(self, table: pa.Table, full_name: str, signature: Any, prefix: str) -> pa.Table:
        """The rows of an inference table, one for each that was scored.

        Args:
            table: what was read of it.
            full_name: its own.
            signature: of all rows; None for those of the models.
            prefix: of the names of inputs.

        Raises:
            ValueError: it is no inference table, no signature, or two columns would have one name.
        """
        entities: dict[str, Version] = dict(self._tables.served(full_name))
        if signature is not None:
            given = Signature.of(signature)
            return unpacked(table, [given], lambda _: given, entities=entities, prefix=prefix)
        versions = sorted({*entities.values(), *_in_metadata(table)}, key=_age, reverse=True)
        known = {version: self._signature(version) for version in versions}
        return unpacked(table, [one for one in known.values() if one], known.get, entities=entities, prefix=prefix)

    def _signature(self, version: Version) -> Signature | None:
        name, number = version
        if not name or not number:
            return None
        try:
            declared = self._stored.declared(name, number)
        except DatabricksError:  # it has been deleted since
            return None
        if declared.inputs is None:
            return None
        return Signature(columns(declared.inputs), columns(declared.outputs))


def _in_metadata(table: pa.Table) -> Iterator[Version]:
    """The versions that a legacy table says."""
    if "request_metadata" in table.column_names:
        for metadata in table["request_metadata"].to_pylist():
            said = dict(metadata or ())
            yield said.get("model_name"), said.get("model_version")


def _age(version: Version) -> tuple[str, int, str]:
    name, number = (one or "" for one in version)
    return name, int(number) if number.isdecimal() else 0, number
