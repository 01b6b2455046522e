"""Queries: what they answer, and what the workspace puts into them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from math import ceil

import pytest
from clocks import standing_at

from fakebricks import Workspace, fake_workspace
from fakebricks.services.sql import SqlError
from fakebricks.wire.errors import NotImplementedByFakebricks


@pytest.fixture
def workspace() -> Iterator[Workspace]:
    with fake_workspace(clock=standing_at()) as entered:
        yield entered


def value(workspace: Workspace, statement: str, **parameters: object) -> object:
    ((found,),) = (row.values() for row in workspace.sql(statement, **parameters).to_pylist())
    return found


def test_time_is_the_workspaces(workspace: Workspace) -> None:
    workspace.clock.advance(days=30)
    asked = "SELECT current_timestamp(), now() AS n, getdate() AS g, current_date, curdate()"
    (row,) = workspace.sql(asked).to_pylist()
    assert row["current_timestamp()"] == row["n"] == row["g"] == workspace.clock.now()
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
        ("SELECT *", "INVALID_USAGE_OF_STAR_OR_REGEX", "42000"),
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


def test_a_percentile_without_a_share_is_an_error(reading: Workspace) -> None:
    with pytest.raises(SqlError):
        reading.sql("SELECT percentile_approx(id) FROM range(3)")


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


@pytest.fixture(scope="module")
def cards(reading: Workspace) -> Workspace:
    reading.sql("CREATE TABLE cards (id BIGINT, amount DECIMAL(10,2), label STRING, payload STRING)")
    payload = '{"inputs": [{"amount": 9.5, "tags": ["x"]}], "two words": 2}'
    reading.sql("INSERT INTO cards VALUES (1, 1, 'a', :p), (2, 2, 'b', NULL), (2, 3, 'c', NULL)", p=payload)
    return reading


@pytest.mark.parametrize(
    ("statement", "columns"),
    [
        ("SELECT * EXCEPT (payload, label) FROM cards WHERE id = 1", {"id": [1], "amount": [Decimal("1.00")]}),
        (
            "SELECT c.* EXCEPT (payload, amount), d.id FROM cards c JOIN cards d ON c.label = d.label WHERE c.id = 1",
            None,
        ),
        ("SELECT * REPLACE (id + 1 AS id) FROM cards", None),
        (
            (
                "WITH a AS (SELECT * EXCEPT (payload) FROM cards), b AS (SELECT * EXCEPT (amount) FROM a) "
                "SELECT * FROM b WHERE id = 1"
            ),
            {"id": [1], "label": ["a"]},
        ),
        (
            (
                "SELECT * EXCEPT (payload) FROM cards "
                "QUALIFY row_number() OVER (PARTITION BY id ORDER BY amount DESC) = 1 ORDER BY id"
            ),
            {"id": [1, 2], "amount": [Decimal("1.00"), Decimal("3.00")], "label": ["a", "c"]},
        ),
        ("SELECT id, count(*) AS n FROM cards GROUP BY ALL ORDER BY ALL", {"id": [1, 2], "n": [1, 2]}),
        ("SELECT payload:inputs[0].amount::double FROM cards WHERE id = 1", {"amount": [9.5]}),
        ("SELECT payload:inputs[0].tags[0], payload:['two words'] FROM cards WHERE id = 1", None),
        ("SELECT main.default.cards.id FROM main.default.cards WHERE default.cards.label = 'c'", {"id": [2]}),
        ("SELECT cards.id FROM cards LEFT ANTI JOIN (SELECT 2 AS id) b ON cards.id = b.id", {"id": [1]}),
        (
            "SELECT upper(label), count(*) FROM cards WHERE id = 1 GROUP BY label",
            {"upper(label)": ["A"], "count(1)": [1]},
        ),
        ("SELECT 1 AS x, 'it''s' AS y, \"double\" AS z, r'\\d' AS w", None),
        ("VALUES (1, 'a')", {"col1": [1], "col2": ["a"]}),
        ("SELECT * FROM VALUES (1, 'a') AS v(x, y)", {"x": [1], "y": ["a"]}),
        ("SELECT explode(from_json('[{\"a\": 1}]', 'array<struct<a: int>>')) AS e", {"e": [{"a": 1}]}),
        ("SELECT window.start FROM (SELECT window(TIMESTAMP'2026-01-01 00:10:00', '1 hour') AS window)", None),
        (
            "SELECT transform(array(1, 2), x -> x + 1) AS t, filter(array(1, 2), x -> x > 1) AS f",
            {"t": [[2, 3]], "f": [[2]]},
        ),
        (
            "SELECT try_cast('x' AS INT) AS a, try_divide(1, 0) AS b, 'a' ILIKE 'A' AS c",
            {"a": [None], "b": [None], "c": [True]},
        ),
        ("SELECT id FROM range(5) WHERE id NOT IN (SELECT 2) ORDER BY id DESC LIMIT 2", {"id": [4, 3]}),
        ("SELECT label FROM cards LATERAL VIEW explode(array(1)) e AS x WHERE id = 1", {"label": ["a"]}),
        (
            "SELECT id, lag(label) OVER (ORDER BY amount) AS l FROM cards ORDER BY amount",
            {"id": [1, 2, 2], "l": [None, "a", "b"]},
        ),
        (
            "SELECT date_trunc('hour', TIMESTAMP'2026-01-01 10:20:00') = TIMESTAMP'2026-01-01 10:00:00' AS x",
            {"x": [True]},
        ),
        ("SELECT stddev(amount), corr(id, amount), percentile(id, 0.5), max_by(label, amount) AS m FROM cards", None),
        ("SELECT count_if(id > 1) AS n, collect_set(id) AS s FROM cards WHERE id = 2", {"n": [2], "s": [[2]]}),
        ("SELECT id FROM cards UNION SELECT 7 ORDER BY id", {"id": [1, 2, 7]}),
        ("SELECT id FROM (SELECT id FROM cards INTERSECT SELECT 1)", {"id": [1]}),
        ("SELECT CASE WHEN id = 1 THEN 'one' ELSE 'more' END AS w FROM cards ORDER BY amount LIMIT 1", {"w": ["one"]}),
        (
            "SELECT label FROM cards c WHERE EXISTS (SELECT 1 FROM cards d WHERE d.id = c.id + 1) AND amount < 3",
            {"label": ["a"]},
        ),
        ("SELECT grouping(id) AS g, count(*) AS n FROM cards GROUP BY ROLLUP (id) HAVING g = 1", {"g": [1], "n": [3]}),
    ],
)
def test_queries_as_teams_write_them(cards: Workspace, statement: str, columns: dict[str, list[object]] | None) -> None:
    found = cards.sql(statement)
    assert found.num_rows >= 1
    if columns is not None:
        assert found.to_pydict() == columns


@pytest.mark.parametrize("share", [0, 0.25, 0.5, 0.51, 0.9, 1])
def test_percentiles_are_values_that_there_are(reading: Workspace, share: float) -> None:
    values = [95, 90, 92, 93, 99, 91, 90]
    rows = ", ".join(f"({number})" for number in [*values, "NULL"])
    expected = sorted(values)[max(ceil(share * len(values)), 1) - 1]
    statement = (
        f"SELECT percentile_approx(x, {share}) AS p, approx_percentile(x, array({share}, 0.5), 100) AS q, "
        f"typeof(percentile_approx(x, {share})) AS t, percentile_approx(x, {share}) FILTER (WHERE x > 98) AS f, "
        f"percentile_approx(x, {share}) FILTER (WHERE x > 100) AS n FROM VALUES {rows} AS v(x)"
    )
    assert reading.sql(statement).to_pylist() == [{"p": expected, "q": [expected, 92], "t": "int", "f": 99, "n": None}]
    assert reading.sql("SELECT percentile_approx(id, 0.5) FROM range(3)").to_pydict() == {
        "percentile_approx(id, 0.5, 10000)": [1]
    }


def test_a_column_that_is_not_there_is_named_with_what_is(cards: Workspace) -> None:
    with pytest.raises(SqlError) as caught:
        cards.sql("SELECT amonut FROM cards")
    assert "`amonut` cannot be resolved. Did you mean one of the following? [`amount`, " in str(caught.value)


def test_common_table_expressions_hide_tables(cards: Workspace) -> None:
    assert cards.sql("WITH cards AS (SELECT 42 AS x) SELECT x FROM cards").to_pydict() == {"x": [42]}
    inner = "WITH c AS (WITH cards AS (SELECT 42 AS x) SELECT * FROM cards) SELECT (SELECT x FROM c) AS x FROM cards"
    assert cards.sql(inner).column("x").to_pylist() == [42] * 3


def test_a_name_given_as_a_parameter_is_read_as_a_name(cards: Workspace) -> None:
    statement = "SELECT count(*) AS n FROM IDENTIFIER(:name)"
    assert value(cards, statement, name="main.default.cards") == 3
    assert value(cards, "SELECT max(IDENTIFIER('id')) FROM IDENTIFIER(:name)", name="`main`.default.`cards`") == 2
    for name in ("cards; DROP TABLE cards", "cards UNION SELECT 1", "cards c JOIN cards", "", "`a", "cards)"):
        with pytest.raises(SqlError):
            cards.sql(statement, name=name)
    assert value(cards, "SELECT count(*) FROM cards") == 3
