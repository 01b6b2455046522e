"""What the engine gets wrong by itself, and answers as Spark does here."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

import pytest

from fakebricks import Workspace, fake_workspace
from fakebricks.services.sql import SqlError, json_values
from fakebricks.services.sql.json_values import json_value_at
from fakebricks.wire.errors import NotImplementedByFakebricks

_STORE = {
    "Store": {"basket": [[1, 2, {"b": "y"}], [3, 4]], "book": [{"price": 8.5}, {"isbn": "0-553"}]},
    "fruit": "none",
}


@pytest.fixture(scope="module")
def workspace() -> Iterator[Workspace]:
    pytest.importorskip("pysail")
    with fake_workspace() as entered:
        entered.sql("CREATE TABLE seen (id INT, day DATE, tags ARRAY<STRING>, request STRING)")
        for place in (1, 2, 3):  # several files
            entered.sql(f"INSERT INTO seen VALUES ({place}, DATE'2026-01-0{place}', array('a', 'b'), :it)", it="{}")
        entered.sql("INSERT INTO seen VALUES (4, DATE'2026-01-03', array(), NULL)")
        entered.sql("CREATE TABLE labels (id INT, day DATE, label STRING)")
        entered.sql("INSERT INTO labels VALUES (1, DATE'2026-01-01', 'ok'), (9, DATE'2026-01-09', 'fraud')")
        yield entered


def rows(workspace: Workspace, statement: str, **parameters: object) -> list[tuple[Any, ...]]:
    found = workspace.sql(statement, **parameters)
    return list(zip(*(column.to_pylist() for column in found.columns), strict=True))


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("SELECT max(n) FROM (SELECT day, count(*) AS n FROM seen GROUP BY day)", [(2,)]),
        ("WITH d AS (SELECT day, count(id) AS n FROM seen GROUP BY 1) SELECT sum(n) / count(n) FROM d", [(4 / 3,)]),
        ("SELECT n, count(*) FROM (SELECT day, count(*) * 2 AS n FROM seen GROUP BY 1) GROUP BY n", [(2, 2), (4, 1)]),
        ("SELECT max(`count(1)`) FROM (SELECT day, count(*) FROM seen GROUP BY day)", [(2,)]),
    ],
)
def test_counts_are_counted_again(workspace: Workspace, statement: str, expected: list[tuple[Any, ...]]) -> None:
    assert sorted(rows(workspace, statement)) == expected


@pytest.mark.parametrize(
    ("statement", "first"),
    [
        ("SELECT day FROM seen GROUP BY day ORDER BY count(*) DESC LIMIT 1", "2026-01-03"),
        ("SELECT day FROM seen GROUP BY 1 HAVING count(*) = 1 ORDER BY count(*), day DESC LIMIT 1", "2026-01-02"),
        (
            "WITH q AS (SELECT * FROM seen) SELECT day FROM q GROUP BY day ORDER BY max(id) * 2 DESC LIMIT 1",
            "2026-01-03",
        ),
        ("SELECT max(n) FROM (SELECT count(*) n FROM seen GROUP BY day HAVING n > 0 ORDER BY count(*) LIMIT 2)", "1"),
        ("SELECT id FROM seen ORDER BY row_number() OVER (ORDER BY id DESC) LIMIT 1", "4"),
        ("SELECT id FROM seen ORDER BY (SELECT max(id) FROM labels), id LIMIT 1", "1"),
    ],
)
def test_order_by_aggregates(workspace: Workspace, statement: str, first: str) -> None:
    ((found,),) = rows(workspace, statement)
    assert str(found) == first


def test_what_a_query_is_ordered_by_is_not_shown(workspace: Workspace) -> None:
    statement = "SELECT day AS d, max(id) FROM seen GROUP BY day ORDER BY count(*) DESC, d LIMIT 1 OFFSET 1"
    assert workspace.sql(statement).column_names == ["d", "max(id)"]
    assert [row[1] for row in rows(workspace, statement)] == [1]


@pytest.mark.parametrize(
    ("statement", "columns", "expected"),
    [
        ("SELECT s.id, l.label FROM seen s JOIN labels l USING (id)", ["id", "label"], [(1, "ok")]),
        ("SELECT s.id, l.id, id FROM seen s RIGHT JOIN labels l USING (id) WHERE id = 9", None, [(None, 9, 9)]),
        ("SELECT l.* FROM seen s JOIN labels l USING (id, day)", ["id", "day", "label"], None),
        ("SELECT *, s.id AS sid FROM seen s FULL JOIN labels l USING (id, day) WHERE id = 9", None, [(9, None)]),
        ("SELECT id FROM seen s LEFT ANTI JOIN labels l USING (id) WHERE s.id < 3", None, [(2,)]),
        (
            "WITH s AS (SELECT * FROM seen) SELECT s.id, t.day FROM labels l JOIN s USING (id) JOIN seen t USING (id)",
            ["id", "day"],
            None,
        ),
    ],
)
def test_using_and_the_names_of_its_sides(
    workspace: Workspace, statement: str, columns: list[str] | None, expected: list[tuple[Any, ...]] | None
) -> None:
    found = rows(workspace, statement)
    assert columns is None or workspace.sql(statement).column_names == columns
    assert len(found) == 1
    assert expected is None or [(row[0], row[-1]) if len(row) > 3 else row for row in found] == expected


def test_using_of_no_column(workspace: Workspace) -> None:
    for statement in ("SELECT s.id FROM seen s JOIN labels l USING (x)", "SELECT 1 FROM seen JOIN labels USING (x)"):
        with pytest.raises(SqlError, match="`x`") as refused:
            workspace.sql(statement)
        assert refused.value.sql_state == "42703"
    with pytest.raises(NotImplementedByFakebricks, match="USING"):
        workspace.sql("SELECT * EXCEPT (day) FROM seen s JOIN labels USING (id) WHERE s.id = 1")


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("SELECT id * 2 AS n, n + 1 AS more, more * n AS all FROM seen WHERE id = 2", [(4, 5, 20)]),
        ("SELECT id + 1 AS id, id AS same FROM seen WHERE id = 2", [(3, 2)]),
        ("SELECT count(*) AS n, n / 2 AS half FROM seen", [(4, 2.0)]),
        ("WITH s AS (SELECT id AS k FROM seen) SELECT k AS n, n + 1 AS more FROM s WHERE k = 1", [(1, 2)]),
        ("SELECT 1 AS n, transform(array(5), n -> n + 1) AS l, (SELECT max(id) AS n FROM seen) AS m", [(1, [6], 4)]),
    ],
)
def test_aliases_in_later_columns(workspace: Workspace, statement: str, expected: list[tuple[Any, ...]]) -> None:
    assert rows(workspace, statement) == expected


def test_keys_of_maps_by_a_dot(workspace: Workspace) -> None:
    workspace.sql("CREATE TABLE IF NOT EXISTS told (id INT, about MAP<STRING,STRING>, s STRUCT<about: INT>)")
    workspace.sql("INSERT OVERWRITE told VALUES (1, map('endpoint', 'fraud'), named_struct('about', 7))")
    found = workspace.sql(
        "SELECT about.endpoint, t.about.nothing AS n, s.about FROM told t WHERE about.endpoint LIKE 'f%'"
    )
    assert found.to_pylist() == [{"endpoint": "fraud", "n": None, "about": 7}]
    assert rows(workspace, "SELECT about.id FROM told AS about") == [(1,)]
    with pytest.raises(NotImplementedByFakebricks, match=r"s\.about"):
        workspace.sql("UPDATE told SET s.about = 8")


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("SELECT id FROM seen |> LIMIT 1", "sqlglot"),
        ("MERGE WITH SCHEMA EVOLUTION INTO seen USING labels ON false WHEN MATCHED THEN UPDATE SET *", "EVOLUTION"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(workspace: Workspace, statement: str, named: str) -> None:
    with pytest.raises(NotImplementedByFakebricks, match=named):
        workspace.sql(statement)


def test_discrete_percentiles_are_values_that_there_are(workspace: Workspace) -> None:
    percentiles = "percentile_disc(0.5) WITHIN GROUP (ORDER BY id), percentile_cont(0.5) WITHIN GROUP (ORDER BY id)"
    assert rows(workspace, f"SELECT {percentiles} FROM seen") == [(2, 2.5)]
    with pytest.raises(NotImplementedByFakebricks, match="DESC"):
        workspace.sql("SELECT percentile_disc(0.2) WITHIN GROUP (ORDER BY id DESC) FROM seen")


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("label LIKE ANY ('f%', 'z')", [("fraud",)]),
        ("label NOT LIKE ALL ('f%', 'z')", [("ok",)]),
        ("label ILIKE ALL ('O%', '%K')", [("ok",)]),
    ],
)
def test_any_and_all_patterns(workspace: Workspace, condition: str, expected: list[tuple[Any, ...]]) -> None:
    assert rows(workspace, f"SELECT label FROM labels WHERE {condition}") == expected


@pytest.mark.parametrize(
    ("expression", "state", "text"),
    [
        ("raise_error('boom')", "P0001", "[USER_RAISED_EXCEPTION] boom"),
        ("assert_true(1 > 2)", "P0001", "'1 > 2' is not true!"),
        ("assert_true(1 > 2, 'no')", "P0001", "[USER_RAISED_EXCEPTION] no"),
        ("to_date('x', 'yyyy')", "22007", "CANNOT_PARSE_TIMESTAMP"),
        ("99999999.99BD * 99999999999999999999999999999999.99BD", "22003", "ARITHMETIC_OVERFLOW"),
        ("1 LIMIT -1", "42K0E", "got -1"),
    ],
)
def test_errors_are_sparks(workspace: Workspace, expression: str, state: str, text: str) -> None:
    with pytest.raises(SqlError) as refused:
        workspace.sql(f"SELECT {expression}")
    assert refused.value.sql_state == state
    assert text in str(refused.value)


def test_recursion_is_refused_by_name(workspace: Workspace) -> None:
    with pytest.raises(NotImplementedByFakebricks, match="RECURSIVE"):
        workspace.sql("WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 3) SELECT * FROM r")


def test_windows_of_time(workspace: Workspace) -> None:
    by_name = "SELECT window.end, count(*) FROM seen GROUP BY window(day::timestamp, '2 days') ORDER BY 1"
    by_place = "SELECT window(day::timestamp, '2 days').end AS e, count(*) FROM seen GROUP BY 1 ORDER BY e"
    assert [n for _, n in rows(workspace, by_name)] == [n for _, n in rows(workspace, by_place)] == [2, 2]
    assert rows(workspace, "SELECT count(*) OVER window AS n FROM labels WINDOW window AS (ORDER BY id)") == [
        (1,),
        (2,),
    ]


@pytest.mark.parametrize(
    ("exploding", "ids"),
    [
        (", LATERAL explode(tags)", [1, 1, 2, 2, 3, 3]),
        ("CROSS JOIN LATERAL posexplode(tags) AS t(place, tag)", [1, 1, 2, 2, 3, 3]),
        ("LEFT JOIN LATERAL explode(tags) AS t(tag)", [1, 1, 2, 2, 3, 3, 4]),
        ("JOIN labels l USING (id), LATERAL explode(tags) AS t(tag)", [1, 1]),
    ],
)
def test_nothing_to_explode_is_no_row(workspace: Workspace, exploding: str, ids: list[int]) -> None:
    assert rows(workspace, f"SELECT id FROM seen {exploding} ORDER BY id") == [(one,) for one in ids]


def test_a_join_behind_lateral_is_refused(workspace: Workspace) -> None:
    with pytest.raises(NotImplementedByFakebricks, match="LATERAL VIEW"):
        workspace.sql("SELECT 1 FROM seen, LATERAL explode(tags) t JOIN labels l ON l.label = t.col")


def test_days_of_the_week(workspace: Workspace) -> None:
    sunday = (
        "extract(DOW FROM d), extract(DAYOFWEEK_ISO FROM d), date_part('dow', d), weekday(d), dayofweek(d) "
        "FROM VALUES (DATE'2026-01-04') AS t(d)"
    )
    assert rows(workspace, f"SELECT {sunday}") == [(1, 7, 1, 6, 1)]


def test_nan_stays_nan_beside_one_other_value(workspace: Workspace) -> None:
    workspace.sql(
        "CREATE OR REPLACE TABLE scores AS SELECT * FROM VALUES (1, 2.0D), (2, double('NaN')) AS t(id, score)"
    )
    workspace.sql("UPDATE scores SET id = id + 1")
    assert rows(workspace, "SELECT id FROM scores WHERE isnan(score)") == [(3,)]
    assert rows(workspace, "SELECT id FROM scores WHERE score > 7") == [(3,)]  # NaN is greater than any number
    assert math.isnan(rows(workspace, "SELECT max(score) FROM scores")[0][0])
    workspace.sql("CREATE OR REPLACE TABLE scores AS SELECT score AS id, score FROM scores")
    assert rows(workspace, "SELECT count(*) FROM scores WHERE isnan(id)") == [(1,)]
    assert rows(workspace, "SHOW TBLPROPERTIES scores") == []


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("store.book[*].isbn", '[null,"0-553"]'),
        ("store.basket[*]", '[[1,2,{"b":"y"}],[3,4]]'),
        ("store.basket[*][0]", "[1,3]"),
        ("store.basket[*][*]", '[1,2,{"b":"y"},3,4]'),
        ("['store'].basket[*]", None),
        ("['Store'].BASKET[1][*]", "[3,4]"),
        ("fruit[*]", None),
        ("nothing[*].at[3].all", None),
    ],
)
def test_paths_with_each_element(workspace: Workspace, path: str, expected: str | None) -> None:
    assert rows(workspace, f"SELECT :it:{path} AS found", it=json.dumps(_STORE)) == [(expected,)]


def test_paths_with_each_element_anywhere(workspace: Workspace) -> None:
    statement = 'SELECT r:a[*].b, count(*) AS n FROM VALUES (\'{"a": [{"b": 1}]}\'), (NULL) AS t(r) GROUP BY r:a[*].b'
    assert sorted(rows(workspace, statement), key=str) == [("[1]", 1), (None, 1)]
    assert workspace.sql(statement).column_names == ["b", "n"]
    exploded = "SELECT explode(from_json('{\"a\": [1, 2]}':a[*], 'array<int>')) AS one"
    assert rows(workspace, exploded) == [(1,), (2,)]


def test_values_of_json() -> None:
    path = json_values.written([(json_values.NAME, "ä"), (json_values.EACH, 0)])
    assert json_value_at('{"\\u00c4": [true, 1.5, "x"]}', path) == '[true,1.5,"x"]'
    assert json_value_at("no JSON: ä", path) is None
    assert json_value_at(None, path) is None
