from __future__ import annotations

import time

import pytest

from fakebricks.services.search import Condition, Order, PageTokens, in_order, matches, parse_filter, parse_order
from fakebricks.services.tracking.search import EXPERIMENTS, RUNS
from fakebricks.wire.errors import InvalidParameterValue


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("metrics.auc > 0.9", ("metrics.auc", ">", 0.9)),
        ("metrics.auc>=-3", ("metrics.auc", ">=", -3)),
        ("metrics.`a b` <= 1e-3", ("metrics.`a b`", "<=", 0.001)),
        ('tags."mlflow.note" = "x"', ('tags."mlflow.note"', "=", "x")),
        ("tags.mlflow.runName != ''", ("tags.mlflow.runName", "!=", "")),
        ("params.a not   in ('x', \"y\",)", ("params.a", "NOT IN", ("x", "y"))),
        ("params.a is not null", ("params.a", "IS NOT NULL", None)),
        ("params.a ILIKE 'it''s'", ("params.a", "ILIKE", "it''s")),
    ],
)
def test_reads_a_comparison(text, expected):
    (clause,) = parse_filter(text)

    assert (clause.name, clause.comparator, clause.value) == expected


def test_reads_comparisons_joined_by_and():
    assert [one.name for one in parse_filter("a = 'and' AND b = 'x' and c = 'y'")] == ["a", "b", "c"]


@pytest.mark.parametrize(
    "text",
    [
        "metrics.auc",
        "metrics.auc >",
        "> 1",
        "a = 'x' OR b = 'y'",
        "a = 'x' b = 'y'",
        "a = 'x' AND",
        "AND a = 'x'",
        "(a = 'x')",
        "a = 'x'; drop table runs",
        "a = 'x",
        "a = x",
        "a IN ()",
        "a IN ('x' 'y')",
        "a IN ('x', 1)",
        "a IN ('x'",
        "a IS",
        "a NOT 'x'",
        "metrics.a > " + "9" * 5000,
        "\x00",
        "a ** 'x'",
    ],
)
def test_refuses_what_is_not_of_the_grammar(text):
    with pytest.raises(InvalidParameterValue):
        parse_filter(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("metrics.a = 'x'", "Expected numeric value type for metrics.a. Found 'x'"),
        ("metrics.a LIKE 'x'", "Invalid comparator 'LIKE'"),
        ("params.a = 1", "Expected a quoted string value for params.a"),
        ("params.a < 'x'", "Invalid comparator '<'"),
        ("nothing.a = 'x'", "Invalid entity type 'nothing'"),
        ("nothing = 'x'", "Invalid attribute key 'nothing' specified"),
        ("dataset.nothing = 'x'", "Invalid dataset key 'nothing' specified"),
        ("start_time = 'x'", "Expected numeric value type for start_time"),
        ("status IN ('x')", "Invalid comparator 'IN'"),
        ("run_id IN 'x'", "Expected a list"),
        ("run_id = ('x')", "Expected a quoted string value"),
        ("start_time IS NULL", "Invalid comparator 'IS NULL'"),
    ],
)
def test_says_what_does_not_go_together(text, words):
    with pytest.raises(InvalidParameterValue, match=words.replace("(", r"\(")):
        RUNS.conditions(text)


def test_knows_the_aliases_of_names():
    conditions = RUNS.conditions(
        "metric.a > 1 AND param.b = 'x' AND attr.Created > 1 AND run.`Run Name` = 'n' AND `tags`.`a.b` = ''"
    )

    assert [(one.kind, one.key) for one in conditions] == [
        ("metric", "a"),
        ("parameter", "b"),
        ("attribute", "start_time"),
        ("attribute", "run_name"),
        ("tag", "a.b"),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("start_time", ("start_time", True)),
        (" metrics.`a b`  DESC ", ("metrics.`a b`", False)),
        ("params.x asc", ("params.x", True)),
    ],
)
def test_reads_an_order(text, expected):
    assert parse_order(text) == expected


@pytest.mark.parametrize("text", ["", "a b", "a DESC DESC", "1", "'a'", "a, b"])
def test_refuses_what_is_no_order(text):
    with pytest.raises(InvalidParameterValue):
        parse_order(text)


def test_refuses_to_order_twice_by_the_same():
    with pytest.raises(InvalidParameterValue, match="duplicate fields"):
        RUNS.orders(["start_time", "attributes.created DESC"])


def test_experiments_are_not_ordered_by_tags():
    with pytest.raises(InvalidParameterValue, match="Invalid order_by entity type 'tag'"):
        EXPERIMENTS.orders(["tags.a"])


@pytest.mark.parametrize(
    ("found", "comparator", "value", "expected"),
    [
        ("abc", "LIKE", "a%", True),
        ("xabc", "LIKE", "a%", False),
        ("abc", "LIKE", "a_c", True),
        ("abc", "LIKE", "A%", False),
        ("abc", "ILIKE", "A%C", True),
        ("a.c", "LIKE", "a.c", True),
        ("abc", "LIKE", "a.c", False),
        ("line\nbreak", "LIKE", "line%", True),
        ("abab", "LIKE", "%ab", True),
        ("aXbXc", "LIKE", "a%b%c", True),
        ("aXcXb", "LIKE", "a%b%c", False),
        ("a", "IN", ("a", "b"), True),
        ("a", "NOT IN", ("a", "b"), False),
        (None, "!=", "a", False),
        (None, "NOT IN", ("a",), False),
        (None, "IS NULL", None, True),
        ("", "IS NOT NULL", None, True),
        (float("nan"), "!=", 1.0, True),
        (float("nan"), ">", 1.0, False),
        (float("inf"), ">", 1e300, True),
    ],
)
def test_compares(found, comparator, value, expected):
    assert matches(found, Condition("tag", "k", comparator, value)) is expected


def test_no_pattern_takes_long():
    began = time.thread_time()
    assert not matches("a" * 5000, Condition("tag", "k", "LIKE", "%a" * 60 + "b"))
    assert time.thread_time() - began < 10  # every way to lay out the pattern would take years


@pytest.mark.parametrize(
    ("ascending", "expected"),
    [(True, ["low", "low too", "high", "nan", "none"]), (False, ["high", "low", "low too", "nan", "none"])],
)
def test_nan_and_nothing_come_last_in_both_directions(ascending, expected):
    values = {"none": None, "nan": float("nan"), "low": -1.0, "high": 2.0, "low too": -1.0}

    ordered = in_order(values, [Order("metric", "m", ascending)], lambda name, _: values[name])

    assert ordered == expected


def test_a_page_token_is_good_for_its_search_only():
    token = PageTokens("runs", ["1"], "a = 'x'").write([5, "r"])

    assert PageTokens("runs", ["1"], "a = 'x'").read(token) == [5, "r"]
    assert PageTokens("runs", ["1"], "a = 'x'").read("") is None
    for other in (PageTokens("runs", ["2"], "a = 'x'"), PageTokens("runs", ["1"], "a = 'y'")):
        with pytest.raises(InvalidParameterValue, match="Invalid page token"):
            other.read(token)


@pytest.mark.parametrize("token", ["nonsense", "eyJvZmZzZXQiOiAxfQ==", "\u00e9", "====", "AAAA", " "])
def test_what_is_no_page_token_is_refused(token):
    with pytest.raises(InvalidParameterValue, match="Invalid page token"):
        PageTokens("runs").read(token)


def test_a_changed_page_token_is_refused():
    tokens = PageTokens("runs")
    token = tokens.write([5, "r"])

    for place in range(len(token) - 4):
        changed = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
        with pytest.raises(InvalidParameterValue):
            tokens.read(changed)
