"""Queries: what they answer, and what the workspace puts into them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from fakebricks import Workspace
from fakebricks.services.sql import SqlError
from fakebricks.wire.errors import NotImplementedByFakebricks


def value(workspace: Workspace, statement: str, **parameters: object) -> object:
    ((found,),) = (row.values() for row in workspace.sql(statement, **parameters).to_pylist())
    return found


def test_time_is_the_workspaces(workspace: Workspace) -> None:
    workspace.clock.advance(days=30)
    row = workspace.sql("SELECT current_timestamp(), now(), current_date, curdate(), getdate()").to_pylist()[0]
    assert abs(row["current_timestamp()"] - workspace.clock.now()) < timedelta(seconds=30)
    assert row["current_date()"] == row["current_timestamp()"].astimezone(UTC).date()


def test_who_asks_and_where(workspace: Workspace) -> None:
    workspace.user("bob@acme.test", groups=["risk"])
    statement = (
        "SELECT current_user() AS u, session_user() AS s, user() AS v, current_catalog() AS c, current_schema() AS d, "
        "current_database() AS e, is_member('risk') AS m, is_account_group_member('other') AS n"
    )
    with workspace.acting_as("bob@acme.test"):
        row = workspace.sql(statement).to_pylist()[0]
    assert row == {
        **dict.fromkeys("usv", "bob@acme.test"),
        "c": "main",
        "d": "default",
        "e": "default",
        "m": True,
        "n": False,
    }


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        (5, "BIGINT"),
        (1.5, "DOUBLE"),
        (True, "BOOLEAN"),
        (Decimal("1.50"), "DECIMAL(3,2)"),
        (date(2026, 1, 2), "DATE"),
        (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "TIMESTAMP"),
        ("it's -- \\ a `name`; DROP TABLE x", "STRING"),
        (None, "STRING"),
    ],
)
def test_parameters_are_values(reading: Workspace, given: object, kind: str) -> None:
    assert value(reading, "SELECT :given AS x", given=given) == given
    assert value(reading, "SELECT typeof(:given)", given=given) == kind.lower()


def test_parameters_in_every_place(reading: Workspace) -> None:
    statement = "SELECT id FROM range(100) WHERE id > :least ORDER BY id LIMIT :count OFFSET :skipped"
    assert reading.sql(statement, least=10, count=2, skipped=1).to_pydict() == {"id": [12, 13]}


@pytest.mark.parametrize(
    ("statement", "error_class", "sql_state"),
    [
        ("", "PARSE_EMPTY_STATEMENT", "42617"),
        ("-- nothing", "PARSE_EMPTY_STATEMENT", "42617"),
        ("SELEC 1", "PARSE_SYNTAX_ERROR", "42601"),
        ("SELECT FROM", "PARSE_SYNTAX_ERROR", "42601"),
        ("SELECT 1; DROP TABLE x", "PARSE_SYNTAX_ERROR", "42601"),
        ("SELECT 'open", "PARSE_SYNTAX_ERROR", "42601"),
        ("SELECT" + "(" * 5000, "FAILED_TO_PARSE_TOO_COMPLEX", "54001"),
        ("SELECT 1/0", "DIVIDE_BY_ZERO", "22012"),
        ("SELECT 1 % 0", "REMAINDER_BY_ZERO", "22012"),
        ("SELECT CAST('x' AS INT)", "CAST_INVALID_INPUT", "22018"),
        ("SELECT 'x'::date", "CAST_INVALID_INPUT", "22018"),
        ("SELECT timestamp(concat('x', id)) FROM range(1)", "CAST_INVALID_INPUT", "22018"),
        ("SELECT CAST(300 AS TINYINT)", "CAST_OVERFLOW", "22003"),
        ("SELECT CAST(1e10 AS INT)", "CAST_OVERFLOW", "22003"),
        ("SELECT array(1, 2)[5]", "INVALID_ARRAY_INDEX", "22003"),
        ("SELECT element_at(array(1), 5)", "INVALID_ARRAY_INDEX_IN_ELEMENT_AT", "22003"),
        ("SELECT nosuch(1)", "UNRESOLVED_ROUTINE", "42883"),
        ("SELECT id FROM range(1) a JOIN range(1) b ON a.id = b.id", "AMBIGUOUS_REFERENCE", "42704"),
        ("SELECT id, sum(id) FROM range(1)", "MISSING_AGGREGATION", "42803"),
        ("SELECT 1 UNION SELECT 1, 2", "NUM_COLUMNS_MISMATCH", "42826"),
        ("SELECT * FROM nosuch", "TABLE_OR_VIEW_NOT_FOUND", "42P01"),
        ("SELECT * FROM no.such.table", "TABLE_OR_VIEW_NOT_FOUND", "42P01"),
        ("SELECT * FROM a.b.c.d", "TABLE_OR_VIEW_NOT_FOUND", "42P01"),
        ("SELECT :missing", "UNBOUND_SQL_PARAMETER", "42P02"),
        ("SELECT ?", "UNBOUND_SQL_PARAMETER", "42P02"),
    ],
)
def test_errors_are_sparks(reading: Workspace, statement: str, error_class: str, sql_state: str) -> None:
    with pytest.raises(SqlError) as caught:
        reading.sql(statement)
    assert (caught.value.error_class, caught.value.sql_state) == (error_class, sql_state)
    assert str(caught.value).startswith(f"[{error_class}] ")
    assert str(caught.value).endswith(f" SQLSTATE: {sql_state}")


def test_a_syntax_error_names_where(reading: Workspace) -> None:
    with pytest.raises(SqlError) as caught:
        reading.sql("selec 1")
    assert str(caught.value) == "[PARSE_SYNTAX_ERROR] Syntax error at or near 'selec'. SQLSTATE: 42601"


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("SELECT * FROM delta.`/etc`", "place"),
        ("SELECT * FROM parquet.`/etc/x`", "place"),
        ("SELECT * FROM read_files('/etc')", "read_files"),
        ("SELECT parse_json('{}'):a[*].b", "[*]"),
        ("EXPLAIN SELECT 1", "EXPLAIN"),
        ("SELECT * FROM range(3) PIVOT (sum(id) FOR id IN (1, 2))", "engine"),
    ],
)
def test_what_is_not_computed_is_refused(reading: Workspace, statement: str, named: str) -> None:
    with pytest.raises(NotImplementedByFakebricks, match=named.replace("[", r"\[").replace("*", r"\*")):
        reading.sql(statement)
