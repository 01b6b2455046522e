"""The privilege table: what it takes to do something in Unity Catalog.

This is data, and all of it: `authority.py` reads it, the operations name its rows, the tests walk it, and the page
docs/privileges.md is made of it. Documented, unless said otherwise: the requirements in databricks-sdk's docstrings
(`databricks/sdk/service/catalog.py`) and the platform's pages on privileges.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from fakebricks.services.unity_catalog.privileges import Privilege
from fakebricks.services.unity_catalog.securables import Kind


class Reach(Enum):
    """Who may, besides the owner of the object and those who have one of the privileges on it or above it."""

    DATA = "nobody: not even those who could grant themselves the privilege"
    CREATION = "metastore admins"
    METADATA = "those with BROWSE or MANAGE, the owners of its schema and catalog, metastore admins"
    CONTROL = "those with MANAGE, the owners of its schema and catalog, metastore admins"


@dataclass(frozen=True, slots=True)
class Needed:
    """What it takes to do something.

    Attributes:
        deed: what is done, for the documentation.
        on: the kind of object that the privileges must be on, or above.
        privileges: one of these; a refusal names the first. Below a catalog it also takes USE_CATALOG on the catalog,
            and below a schema USE_SCHEMA on the schema.
        reach: who else may.
        within: whether something is made in the object, which must be used itself for that.
    """

    deed: str
    on: Kind
    privileges: tuple[Privilege, ...]
    reach: Reach
    within: bool = False


class Rule(Enum):
    """The table: one row for each thing that can be done."""

    CREATE_CATALOG = Needed("create a catalog", Kind.METASTORE, (Privilege.CREATE_CATALOG,), Reach.CREATION)
    SEE_CATALOG = Needed("see a catalog", Kind.CATALOG, (Privilege.USE_CATALOG,), Reach.METADATA)
    MANAGE_CATALOG = Needed(
        "change or delete a catalog, or its grants", Kind.CATALOG, (Privilege.MANAGE,), Reach.CONTROL
    )
    MANAGE_METASTORE = Needed("change the metastore or its grants", Kind.METASTORE, (Privilege.MANAGE,), Reach.CONTROL)

    TAG_CATALOG = Needed("set and delete tags of a catalog", Kind.CATALOG, (Privilege.APPLY_TAG,), Reach.CONTROL)

    CREATE_SCHEMA = Needed("create a schema", Kind.CATALOG, (Privilege.CREATE_SCHEMA,), Reach.CREATION, within=True)
    SEE_SCHEMA = Needed("see a schema", Kind.SCHEMA, (Privilege.USE_SCHEMA,), Reach.METADATA)
    MANAGE_SCHEMA = Needed("change or delete a schema, or its grants", Kind.SCHEMA, (Privilege.MANAGE,), Reach.CONTROL)

    TAG_SCHEMA = Needed("set and delete tags of a schema", Kind.SCHEMA, (Privilege.APPLY_TAG,), Reach.CONTROL)

    CREATE_TABLE = Needed("create a table", Kind.SCHEMA, (Privilege.CREATE_TABLE,), Reach.DATA, within=True)
    SEE_TABLE = Needed("see a table", Kind.TABLE, (Privilege.SELECT,), Reach.METADATA)
    READ_TABLE = Needed("read a table's rows", Kind.TABLE, (Privilege.SELECT,), Reach.DATA)
    WRITE_TABLE = Needed("write a table's rows", Kind.TABLE, (Privilege.MODIFY,), Reach.DATA)
    MANAGE_TABLE = Needed("change or delete a table, or its grants", Kind.TABLE, (Privilege.MANAGE,), Reach.CONTROL)

    TAG_TABLE = Needed("set and delete tags of a table", Kind.TABLE, (Privilege.APPLY_TAG,), Reach.CONTROL)

    CREATE_VOLUME = Needed("create a volume", Kind.SCHEMA, (Privilege.CREATE_VOLUME,), Reach.DATA, within=True)
    SEE_VOLUME = Needed("see a volume", Kind.VOLUME, (Privilege.READ_VOLUME,), Reach.METADATA)
    READ_VOLUME = Needed("read a volume's files", Kind.VOLUME, (Privilege.READ_VOLUME,), Reach.DATA)
    WRITE_VOLUME = Needed("write a volume's files", Kind.VOLUME, (Privilege.WRITE_VOLUME,), Reach.DATA)
    MANAGE_VOLUME = Needed("change or delete a volume, or its grants", Kind.VOLUME, (Privilege.MANAGE,), Reach.CONTROL)

    TAG_VOLUME = Needed("set and delete tags of a volume", Kind.VOLUME, (Privilege.APPLY_TAG,), Reach.CONTROL)

    CREATE_FUNCTION = Needed("create a function", Kind.SCHEMA, (Privilege.CREATE_FUNCTION,), Reach.DATA, within=True)
    SEE_FUNCTION = Needed("see a function", Kind.FUNCTION, (Privilege.EXECUTE,), Reach.METADATA)
    MANAGE_FUNCTION = Needed(
        "change or delete a function, or its grants", Kind.FUNCTION, (Privilege.MANAGE,), Reach.CONTROL
    )

    CREATE_MODEL = Needed(
        "create a registered model",
        Kind.SCHEMA,
        (Privilege.CREATE_MODEL, Privilege.CREATE_FUNCTION),
        Reach.DATA,
        within=True,
    )
    SEE_MODEL = Needed("see a registered model and its versions", Kind.FUNCTION, (Privilege.EXECUTE,), Reach.METADATA)
    LOAD_MODEL = Needed("download, load or serve a model version", Kind.FUNCTION, (Privilege.EXECUTE,), Reach.DATA)
    # A refusal names MANAGE (observed), although CREATE_MODEL_VERSION is enough (documented).
    CREATE_MODEL_VERSION = Needed(
        "create a model version, write its files and finalize it",
        Kind.FUNCTION,
        (Privilege.MANAGE, Privilege.CREATE_MODEL_VERSION),
        Reach.CONTROL,
    )
    TAG_MODEL = Needed(
        "set and delete tags of a model and its versions", Kind.FUNCTION, (Privilege.APPLY_TAG,), Reach.CONTROL
    )
    MANAGE_MODEL = Needed(
        "change or delete a model, its versions, aliases or grants", Kind.FUNCTION, (Privilege.MANAGE,), Reach.CONTROL
    )


SEEING: dict[Kind, Rule] = {
    Kind.METASTORE: Rule.MANAGE_METASTORE,
    Kind.CATALOG: Rule.SEE_CATALOG,
    Kind.SCHEMA: Rule.SEE_SCHEMA,
    Kind.TABLE: Rule.SEE_TABLE,
    Kind.VOLUME: Rule.SEE_VOLUME,
    Kind.FUNCTION: Rule.SEE_FUNCTION,
}
"""What it takes to see an object of a kind."""

MANAGING: dict[Kind, Rule] = {
    Kind.METASTORE: Rule.MANAGE_METASTORE,
    Kind.CATALOG: Rule.MANAGE_CATALOG,
    Kind.SCHEMA: Rule.MANAGE_SCHEMA,
    Kind.TABLE: Rule.MANAGE_TABLE,
    Kind.VOLUME: Rule.MANAGE_VOLUME,
    Kind.FUNCTION: Rule.MANAGE_FUNCTION,
}
"""What it takes to change an object of a kind and its grants."""

TAGGING: dict[Kind, Rule] = {
    Kind.CATALOG: Rule.TAG_CATALOG,
    Kind.SCHEMA: Rule.TAG_SCHEMA,
    Kind.TABLE: Rule.TAG_TABLE,
    Kind.VOLUME: Rule.TAG_VOLUME,
}
"""What it takes to change the tags of an object of a kind; models have operations of their own for that."""
