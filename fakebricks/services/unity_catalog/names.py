"""Names of Unity Catalog objects, and their rules.

Real: at most 255 characters; no period, space, forward slash, control character or DEL; stored in lower case
(documented).
"""

from __future__ import annotations

from fakebricks.wire.errors import InvalidParameterValue

_LONGEST = 255
_LEVELS = ("catalog_name", "schema_name", "object_name")
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


def levels_of(full_name: str, count: int) -> tuple[str, ...]:
    """The levels of a full name, in lower case.

    Raises:
        InvalidParameterValue: the name does not have that many levels.
    """
    levels = tuple(full_name.lower().split("."))
    if len(levels) != count or not all(levels):
        form = ".".join(_LEVELS[:count])
        raise InvalidParameterValue(f"'{full_name}' is not a valid name. Expected the form {form}.")
    return levels


def schema_levels(full_name: str) -> tuple[str, str]:
    """Catalog and schema of `catalog.schema`, in lower case.

    Raises:
        InvalidParameterValue: the name does not have two levels.
    """
    catalog, schema = levels_of(full_name, 2)
    return catalog, schema


def object_levels(full_name: str) -> tuple[str, str, str]:
    """Catalog, schema and name of `catalog.schema.name`, in lower case.

    Raises:
        InvalidParameterValue: the name does not have three levels.
    """
    catalog, schema, name = levels_of(full_name, 3)
    return catalog, schema, name
