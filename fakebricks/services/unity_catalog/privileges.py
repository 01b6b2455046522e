"""The privileges of Unity Catalog, and what each can be granted on.

Real: the platform's reference of privileges (documented), without privileges on what fakebricks does not have.
"""

from __future__ import annotations

from enum import StrEnum, auto

from fakebricks.services.unity_catalog.securables import Kind


class Privilege(StrEnum):
    """What can be granted; the values are the platform's names."""

    @staticmethod
    def _generate_next_value_(name: str, start: int, count: int, last_values: list[str]) -> str:  # noqa: ARG004
        return name

    @property
    def words(self) -> str:
        """As the platform's errors and SQL say it."""
        return self.value.replace("_", " ")

    ALL_PRIVILEGES = auto()
    APPLY_TAG = auto()
    BROWSE = auto()
    CREATE_CATALOG = auto()
    CREATE_CLEAN_ROOM = auto()
    CREATE_CONNECTION = auto()
    CREATE_EXTERNAL_LOCATION = auto()
    CREATE_FUNCTION = auto()
    CREATE_MATERIALIZED_VIEW = auto()
    CREATE_MODEL = auto()
    CREATE_MODEL_VERSION = auto()
    CREATE_PROVIDER = auto()
    CREATE_RECIPIENT = auto()
    CREATE_SCHEMA = auto()
    CREATE_SERVICE_CREDENTIAL = auto()
    CREATE_SHARE = auto()
    CREATE_STORAGE_CREDENTIAL = auto()
    CREATE_TABLE = auto()
    CREATE_VOLUME = auto()
    EXECUTE = auto()
    EXTERNAL_USE_LOCATION = auto()
    EXTERNAL_USE_SCHEMA = auto()
    MANAGE = auto()
    MANAGE_ALLOWLIST = auto()
    MODIFY = auto()
    READ_VOLUME = auto()
    REFRESH = auto()
    SELECT = auto()
    SET_SHARE_PERMISSION = auto()
    USE_CATALOG = auto()
    USE_MARKETPLACE_ASSETS = auto()
    USE_PROVIDER = auto()
    USE_RECIPIENT = auto()
    USE_SCHEMA = auto()
    USE_SHARE = auto()
    WRITE_VOLUME = auto()


NOT_IN_ALL = frozenset({Privilege.MANAGE, Privilege.EXTERNAL_USE_LOCATION, Privilege.EXTERNAL_USE_SCHEMA})
"""What ALL_PRIVILEGES does not include (documented)."""

_ON_EVERYTHING = frozenset({Privilege.ALL_PRIVILEGES, Privilege.APPLY_TAG, Privilege.MANAGE})
_ON_TABLES = _ON_EVERYTHING | {Privilege.MODIFY, Privilege.REFRESH, Privilege.SELECT}
_ON_VOLUMES = _ON_EVERYTHING | {Privilege.READ_VOLUME, Privilege.WRITE_VOLUME}
_ON_FUNCTIONS = _ON_EVERYTHING | {Privilege.CREATE_MODEL_VERSION, Privilege.EXECUTE}
_ON_SCHEMAS = (_ON_TABLES | _ON_VOLUMES | _ON_FUNCTIONS) | {
    Privilege.BROWSE,
    Privilege.CREATE_FUNCTION,
    Privilege.CREATE_MATERIALIZED_VIEW,
    Privilege.CREATE_MODEL,
    Privilege.CREATE_TABLE,
    Privilege.CREATE_VOLUME,
    Privilege.EXTERNAL_USE_SCHEMA,
    Privilege.USE_SCHEMA,
}
_ON_CATALOGS = _ON_SCHEMAS | {Privilege.CREATE_SCHEMA, Privilege.USE_CATALOG}

APPLICABLE: dict[Kind, frozenset[Privilege]] = {
    Kind.METASTORE: frozenset(Privilege) - _ON_CATALOGS - {Privilege.EXTERNAL_USE_LOCATION},
    Kind.CATALOG: _ON_CATALOGS,
    Kind.SCHEMA: _ON_SCHEMAS,
    Kind.TABLE: _ON_TABLES,
    Kind.VOLUME: _ON_VOLUMES,
    Kind.FUNCTION: _ON_FUNCTIONS,
}
"""Which privileges can be granted on what; on a container also those of what it contains, which inherits them."""
