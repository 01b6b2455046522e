"""What is wrong with a statement, in Spark's words.

The texts and states are those of Spark's error conditions (documented), with what it names put in. What Unity Catalog
refuses keeps its own words within them (observed for privileges). What the engine says in words of its own is told
under the condition that Spark has for it; what is not recognised is an INTERNAL_ERROR of the engine's, as it says it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from difflib import SequenceMatcher
from typing import Any

from fakebricks.services.sql import SqlError
from fakebricks.services.unity_catalog.tables import IsAView
from fakebricks.wire.errors import (
    CatalogAlreadyExists,
    CatalogDoesNotExist,
    CatalogNotEmpty,
    DatabricksError,
    InvalidParameterValue,
    NotImplementedByFakebricks,
    PermissionDenied,
    PrincipalDoesNotExist,
    SchemaAlreadyExists,
    SchemaDoesNotExist,
    SchemaNotEmpty,
    TableAlreadyExists,
    TableDoesNotExist,
)

CONCURRENT_WRITE = "DELTA_CONCURRENT_WRITE"
_SUGGESTED = 5
_VERIFY = "Verify the spelling and correctness of the schema and catalog."


def quoted(*levels: str) -> str:
    """A name as Spark's errors say it, each level in backquotes."""
    return ".".join(f"`{level.replace('`', '``')}`" for level in levels)


def syntax_error(near: str, hint: str = "") -> SqlError:
    """It is no statement; `near` is the word where that shows, empty where the statement ends too early."""
    shown = f"'{near}'" if near else "end of input"
    return SqlError("PARSE_SYNTAX_ERROR", f"Syntax error at or near {shown}{hint}.", "42601")


def empty_statement() -> SqlError:
    """There is nothing but comments."""
    return SqlError("PARSE_EMPTY_STATEMENT", "Syntax error, unexpected empty statement.", "42617")


def table_not_found(full_name: str) -> SqlError:
    """There is no such table, or nothing that it could be in."""
    return SqlError(
        "TABLE_OR_VIEW_NOT_FOUND",
        f"The table or view {quoted(*full_name.split('.'))} cannot be found. {_VERIFY}\n"
        "If you did not qualify the name with a schema, verify the current_schema() output, or qualify the name with "
        "the correct schema and catalog.\n"
        "To tolerate the error on drop use DROP VIEW IF EXISTS or DROP TABLE IF EXISTS.",
        "42P01",
    )


def not_a_view(full_name: str) -> SqlError:
    """It is a table, where a view is needed."""
    message = f"The table {quoted(*full_name.split('.'))} does not support this. Use CREATE OR REPLACE TABLE instead."
    return SqlError("EXPECT_VIEW_NOT_TABLE.NO_ALTERNATIVE", message, "42809")


def wrong_command(operation: str, required: str, full_name: str, found: str, alternative: str) -> SqlError:
    """A statement is for another kind of object."""
    message = f"The operation {operation} requires a {required}. But {full_name} is a {found}. {alternative}"
    return SqlError("WRONG_COMMAND_FOR_OBJECT_TYPE", message, "42809")


def recursive_view(views: Sequence[str]) -> SqlError:
    """A view shows itself."""
    cycle = " -> ".join(quoted(*view.split(".")) for view in views)
    return SqlError(
        "RECURSIVE_VIEW", f"Recursive view {quoted(*views[0].split('.'))} detected (cycle: {cycle}).", "42K0H"
    )


class UnresolvedColumn(SqlError):
    """No column is called so.

    Args:
        levels: the name, as the statement has it.
        known: the names that there are.
    """

    def __init__(self, levels: Sequence[str], known: Sequence[str] = ()) -> None:
        told = f"A column, variable, or function parameter with name {quoted(*levels)} cannot be resolved."
        nearest = sorted(dict.fromkeys(known), key=lambda one: -SequenceMatcher(None, one, levels[-1]).ratio())
        suggested = ", ".join(quoted(one) for one in nearest[:_SUGGESTED])
        if suggested:
            told = f"{told} Did you mean one of the following? [{suggested}]."
        super().__init__(f"UNRESOLVED_COLUMN.{'WITH' if suggested else 'WITHOUT'}_SUGGESTION", told, "42703")
        self.levels = levels


def assigned_twice(column: str) -> SqlError:
    """An UPDATE assigns two values to one column."""
    message = (
        f"The columns or variables {quoted(column)} appear more than once as assignment targets. Remove the duplicates."
    )
    return SqlError("DUPLICATE_ASSIGNMENTS", message, "42701")


def unbound_parameter(name: str) -> SqlError:
    """The statement has a parameter that the request does not."""
    return SqlError(
        "UNBOUND_SQL_PARAMETER",
        f"Found the unbound parameter: {name}. Please, fix `args` and provide a mapping of the parameter to either a "
        "SQL literal or collection constructor functions such as `map()`, `array()`, `struct()`.",
        "42P02",
    )


def invalid_parameter(message: str) -> SqlError:
    """A parameter's type or value cannot be used (the text is inferred)."""
    return SqlError("INVALID_PARAMETER_VALUE", message, "22023")


def refused(what: str, instead: str = "") -> NotImplementedByFakebricks:
    """Fakebricks does not compute that."""
    advice = f" {instead}" if instead else ""
    return NotImplementedByFakebricks(f"fakebricks does not compute {what} in SQL.{advice}")


def of_domain(error: DatabricksError) -> SqlError:
    """What Unity Catalog refuses, as SQL says it."""
    for kind, (error_class, state, prefix) in _OF_DOMAIN.items():
        if isinstance(error, kind):
            return SqlError(error_class, f"{prefix}{error.message.rstrip('.')}.", state)
    return SqlError("INTERNAL_ERROR", error.message, "XX000")


# The classes for catalogs, names and principals are inferred; those of schemas and tables are Spark's.
_OF_DOMAIN: dict[type[DatabricksError], tuple[str, str, str]] = {
    PermissionDenied: ("INSUFFICIENT_PERMISSIONS", "42501", "Insufficient privileges: "),
    CatalogDoesNotExist: ("NO_SUCH_CATALOG_EXCEPTION", "42704", ""),
    SchemaDoesNotExist: ("SCHEMA_NOT_FOUND", "42704", ""),
    TableDoesNotExist: ("TABLE_OR_VIEW_NOT_FOUND", "42P01", ""),
    CatalogAlreadyExists: ("CATALOG_ALREADY_EXISTS", "42710", ""),
    SchemaAlreadyExists: ("SCHEMA_ALREADY_EXISTS", "42P06", ""),
    TableAlreadyExists: ("TABLE_OR_VIEW_ALREADY_EXISTS", "42P07", ""),
    CatalogNotEmpty: ("CATALOG_NOT_EMPTY", "2BP01", ""),
    SchemaNotEmpty: ("SCHEMA_NOT_EMPTY", "2BP01", ""),
    IsAView: ("EXPECT_TABLE_NOT_VIEW.NO_ALTERNATIVE", "42809", ""),
    PrincipalDoesNotExist: ("PRINCIPAL_DOES_NOT_EXIST", "42704", ""),
    InvalidParameterValue: ("INVALID_PARAMETER_VALUE", "22023", ""),
}


def of_engine(error: Any) -> DatabricksError | SqlError:
    """What went wrong in the engine, as Spark says it."""
    said = " ".join(str(getattr(error, "message", None) or getattr(error, "_message", None) or error).split())
    stated = _STATED.search(said)
    if stated and stated["class"] in _STATES:
        return SqlError(stated["class"], stated["text"].rstrip(), _STATES[stated["class"]])
    for pattern, told in _SAID:
        found = pattern.search(said)
        if found:
            return told(found)
    return SqlError("INTERNAL_ERROR", f"The engine says: {said}", "XX000")


# Conditions that the engine names itself, with Spark's states.
_STATED = re.compile(r"\[(?P<class>[A-Z][A-Z0-9_.]+)\] (?P<text>.*)", re.DOTALL)
_STATES = {
    "CAST_INVALID_INPUT": "22018",
    "CAST_OVERFLOW": "22003",
    "ARITHMETIC_OVERFLOW": "22003",
    "DIVIDE_BY_ZERO": "22012",
    "INVALID_ARRAY_INDEX": "22003",
    "INVALID_ARRAY_INDEX_IN_ELEMENT_AT": "22003",
    "INVALID_INDEX_OF_ZERO": "22003",
    "DATATYPE_MISMATCH": "42K09",
    "TABLE_OR_VIEW_NOT_FOUND": "42P01",
    "WRONG_NUM_ARGS": "42605",
    "AMBIGUOUS_REFERENCE": "42704",
    "USER_RAISED_EXCEPTION": "P0001",
    "DELTA_NOT_NULL_CONSTRAINT_VIOLATED": "23502",
    "CANNOT_PARSE_TIMESTAMP": "22007",
    "INCOMPATIBLE_DATA_FOR_TABLE.CANNOT_SAFELY_CAST": "KD000",
}


def _divided(_: re.Match[str]) -> SqlError:
    message = (
        "Division by zero. Use `try_divide` to tolerate divisor being 0 and return NULL instead. If necessary set "
        '"ansi_mode" to "false" to bypass this error.'
    )
    return SqlError("DIVIDE_BY_ZERO", message, "22012")


def _divided_with_rest(_: re.Match[str]) -> SqlError:
    message = (
        "Remainder by zero. Use `try_mod` to tolerate divisor being 0 and return NULL instead. If necessary set "
        '"ansi_mode" to "false" to bypass this error.'
    )
    return SqlError("REMAINDER_BY_ZERO", message, "22012")


def _malformed(found: re.Match[str]) -> SqlError:
    value, kind = found["value"], _SPARK_TYPE.get(found["type"].split("(")[0], found["type"].upper())
    message = (
        f'The value \'{value}\' of the type "STRING" cannot be cast to "{kind}" because it is malformed. Correct the '
        "value as per the syntax, or change its target type. Use `try_cast` to tolerate malformed input and return "
        "NULL instead."
    )
    return SqlError("CAST_INVALID_INPUT", message, "22018")


def _too_large(found: re.Match[str]) -> SqlError:
    kind = _SPARK_TYPE.get(found["type"].split("(")[0], found["type"].upper())
    message = (
        f'The value {found["value"]} cannot be cast to "{kind}" due to an overflow. Use `try_cast` to tolerate '
        "overflow and return NULL instead."
    )
    return SqlError("CAST_OVERFLOW", message, "22003")


def _unknown_function(found: re.Match[str]) -> SqlError:
    message = f"Cannot resolve routine {quoted(found['name'])} on search path [`system`.`builtin`, `system`.`session`]."
    return SqlError("UNRESOLVED_ROUTINE", message, "42883")


def _unknown_column(found: re.Match[str]) -> SqlError:
    return UnresolvedColumn(_identifiers(found["name"]))


def _unknown_target(found: re.Match[str]) -> SqlError:
    return UnresolvedColumn([found["plain"]])


def _unknown_field(found: re.Match[str]) -> SqlError:
    return SqlError("FIELD_NOT_FOUND", f"No such struct field {quoted(found['field'])}.", "42704")


def _ambiguous(found: re.Match[str]) -> SqlError:
    name = quoted(*_identifiers(found["name"]))
    return SqlError("AMBIGUOUS_REFERENCE", f"Reference {name} is ambiguous.", "42704")


def _unparsed(_: re.Match[str]) -> SqlError:
    message = (
        "The text could not be parsed in the given format. Use `try_to_timestamp` to tolerate invalid input string and "
        "return NULL instead."
    )
    return SqlError("CANNOT_PARSE_TIMESTAMP", message, "22007")


def _overflowed(found: re.Match[str]) -> SqlError:
    message = f"{found.string}. Use the `try_` variant of the function to tolerate overflow and return NULL instead."
    return SqlError("ARITHMETIC_OVERFLOW", message, "22003")


def _negative_limit(found: re.Match[str]) -> SqlError:
    message = f"The limit like expression must be equal to or greater than 0, but got {found['limit']}."
    return SqlError("INVALID_LIMIT_LIKE_EXPRESSION.IS_NEGATIVE", message, "42K0E")


def _columns_differ(found: re.Match[str]) -> SqlError:
    message = f"{found['kind']} can only be performed on inputs with the same number of columns."
    return SqlError("NUM_COLUMNS_MISMATCH", message, "42826")


def _uneven(found: re.Match[str]) -> SqlError:
    message = f"Invalid inline table. The rows must have the same number of columns: {found['told']}."
    return SqlError("INVALID_INLINE_TABLE.NUM_COLUMNS_MISMATCH", message, "42000")


def _not_grouped(_: re.Match[str]) -> SqlError:
    message = (
        "A non-aggregating expression is based on columns which are not participating in the GROUP BY clause. Add the "
        "columns or the expression to the GROUP BY, aggregate the expression, or use `any_value` if you do not care "
        "which of the values within a group is returned."
    )
    return SqlError("MISSING_AGGREGATION", message, "42803")


def _mismatched(found: re.Match[str]) -> SqlError:
    message = f"Cannot resolve the statement due to data type mismatch: {found.string}."
    return SqlError("DATATYPE_MISMATCH", message, "42K09")


def _out_of_bounds(found: re.Match[str]) -> SqlError:
    message = (
        f"The index {found['index'] or ''} is out of bounds. Use `try_element_at` to tolerate accessing element at "
        "invalid index and return NULL instead."
    )
    return SqlError("INVALID_ARRAY_INDEX_IN_ELEMENT_AT", message.replace("  ", " "), "22003")


def _not_computed(found: re.Match[str]) -> NotImplementedByFakebricks:
    return NotImplementedByFakebricks(f"fakebricks' engine does not compute this statement: {found.string}")


def _identifiers(told: str) -> tuple[str, ...]:
    """The levels of a name as the engine tells them: `Identifier("a"), Identifier("b")`."""
    return tuple(re.findall(r'Identifier\("((?:[^"\\]|\\.)*)"\)', told))


def several_matches() -> SqlError:
    """Several rows of a MERGE's source change one row."""
    message = (
        "Cannot perform Merge as multiple source rows matched and attempted to modify the same target row in the Delta "
        "table in possibly conflicting ways. By SQL semantics of Merge, when multiple source rows match on the same "
        "target row, the result may be ambiguous as it is unclear which source row should be used to update or delete "
        "the matching target row."
    )
    return SqlError("DELTA_MULTIPLE_SOURCE_ROW_MATCHING_TARGET_ROW_IN_MERGE", message, "21506")


def concurrent_write() -> SqlError:
    """Other writers were faster, again and again."""
    message = (
        "ConcurrentWriteException: A concurrent transaction has written new data since the current transaction read "
        "the table. Please try the operation again."
    )
    return SqlError(CONCURRENT_WRITE, message, "2D521")


def null_in(column: str) -> SqlError:
    """A value is missing where one must be."""
    message = f"NOT NULL constraint violated for column: {column}."
    return SqlError("DELTA_NOT_NULL_CONSTRAINT_VIOLATED", message, "23502")


_SPARK_TYPE = {
    "Int8": "TINYINT",
    "Int16": "SMALLINT",
    "Int32": "INT",
    "Int64": "BIGINT",
    "Float32": "FLOAT",
    "Float64": "DOUBLE",
    "Boolean": "BOOLEAN",
    "Date32": "DATE",
    "Timestamp": "TIMESTAMP",
    "Decimal128": "DECIMAL",
    "invalid timestamp": "TIMESTAMP",
}

_SAID: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], DatabricksError | SqlError]], ...] = (
    (re.compile(r"divide by zero|division by zero", re.IGNORECASE), _divided),
    (re.compile(r"remainder by zero", re.IGNORECASE), _divided_with_rest),
    (re.compile(r"Cannot cast (?:string|value) '(?P<value>.*)' to value of (?P<type>\w+)"), _malformed),
    (re.compile(r"(?P<type>invalid timestamp): (?P<value>.*)"), _malformed),
    (re.compile(r"Can't cast value (?P<value>\S+) to type (?P<type>\w+)"), _too_large),
    (re.compile(r"(?P<value>\S+) is too large to store in a (?P<type>Decimal128) of precision"), _too_large),
    (re.compile(r"datetime field at byte offset"), _unparsed),
    (re.compile(r"[Oo]verflow happened on"), _overflowed),
    (re.compile(r"(?:LIMIT|OFFSET) must be >= ?0, '(?P<limit>-?\d+)'"), _negative_limit),
    (re.compile(r"unknown (?:aggregate |window |table )?function: (?P<name>\w+)"), _unknown_function),
    (re.compile(r"\[UNRESOLVED_COLUMN\] Cannot find column (?P<plain>\S+)"), _unknown_target),
    (re.compile(r"function: (?P<name>\w+)$"), _not_computed),
    (re.compile(r"attribute ObjectName\(\[(?P<name>.*?)\]\) is missing from the schema"), _unknown_column),
    (re.compile(r"Cannot resolve (?:UPDATE target|source) column `(?P<plain>.*?)`"), _unknown_target),
    (re.compile(r"missing or ambiguous field: (?P<field>\w+)"), _unknown_field),
    (re.compile(r"ambiguous attribute: ObjectName\(\[(?P<name>.*?)\]\)"), _ambiguous),
    (re.compile(r"Failed to commit transaction"), lambda _: concurrent_write()),
    (re.compile(r"MERGE_CARDINALITY_VIOLATION"), lambda _: several_matches()),
    (re.compile(r"(?P<kind>UNION|INTERSECT|EXCEPT) queries have different number of columns"), _columns_differ),
    (re.compile(r"Inconsistent data length across values list: (?P<told>.*)"), _uneven),
    (re.compile(r"No field named .*Valid fields are", re.DOTALL), _not_grouped),
    (re.compile(r"Cannot coerce|non-boolean predicate|value expected|expects? .* arguments?"), _mismatched),
    (re.compile(r"index (?P<index>-?\d+)? ?is (?:out of bounds|invalid)"), _out_of_bounds),
    (
        re.compile(
            r"invalid argument: found .* expected|not supported|does not support|not implemented|(?i:unsupported)"
            r"|TABLESAMPLE with"
        ),
        _not_computed,
    ),
)
