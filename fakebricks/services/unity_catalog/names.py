"""Names of Unity Catalog objects, and their rules.

Real: at most 255 characters; no period, space, forward slash, control character or DEL; stored in lower case
(documented).
"""

from __future__ import annotations

from fakebricks.wire.errors import InvalidParameterValue

_LONGEST = 255
_FORBIDDEN = frozenset(" ./\x7f") | {chr(code) for code in range(0x20)}


def checked_name(name: str, field: str) -> str:
    """The name as it is stored.

    Args:
        name: one level of a name.
        field: what the platform calls the place it stands in, such as
            `RPC CreateCatalog Field managedcatalog.CatalogInfo.name`.

    Raises:
        InvalidParameterValue: the name breaks a rule; the text is the platform's own (observed for catalogs).
    """
    if not name or len(name) > _LONGEST or not _FORBIDDEN.isdisjoint(name):
        rules = "Valid names cannot contain spaces, periods, forward slashes, or control characters."
        shown = name if len(name) <= _LONGEST else f"{name[:_LONGEST]}..."
        raise InvalidParameterValue(f'Invalid input: {field}: name "{shown}" is not a valid name. {rules}')
    return name.lower()


def schema_levels(full_name: str) -> tuple[str, str]:
    """Catalog and schema of `catalog.schema`, in lower case.

    Raises:
        InvalidParameterValue: the name does not have two levels.
    """
    levels = full_name.lower().split(".")
    if len(levels) != 2 or not all(levels):  # noqa: PLR2004 - catalog and schema
        raise InvalidParameterValue(f"'{full_name}' is not a valid name. Expected the form catalog_name.schema_name.")
    return levels[0], levels[1]


def table_levels(full_name: str) -> tuple[str, str, str]:
    """Catalog, schema and table of `catalog.schema.table`, in lower case.

    Raises:
        InvalidParameterValue: the name does not have three levels.
    """
    levels = full_name.lower().split(".")
    if len(levels) != 3 or not all(levels):  # noqa: PLR2004 - catalog, schema and table
        message = f"'{full_name}' is not a valid name. Expected the form catalog_name.schema_name.table_name."
        raise InvalidParameterValue(message)
    return levels[0], levels[1], levels[2]
