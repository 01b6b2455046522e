"""Types of columns: whatever text comes, it is a type, or refused; what is a type is told in one way."""

from __future__ import annotations

import json

import pytest
from deltalake import DeltaTable
from hypothesis import example, given
from hypothesis import strategies as st

from fakebricks.services.unity_catalog.column_types import ColumnType, Field, column_type
from fakebricks.services.unity_catalog.columns import AskedColumn, checked_columns, spark_json
from fakebricks.services.unity_catalog.delta import Delta
from fakebricks.wire.errors import InvalidParameterValue, NotImplementedByFakebricks

WORDS = [
    "boolean",
    "tinyint",
    "smallint",
    "int",
    "bigint",
    "float",
    "double",
    "date",
    "timestamp",
    "timestamp_ntz",
    "string",
    "binary",
]
PIECES = [*WORDS, "array", "map", "struct", "decimal", "<", ">", "(", ")", ",", ":", " ", "`a`", "a", "NOT NULL", "10"]

field_names = st.text(st.characters(codec="utf-8", exclude_characters=" ,;{}()\n\t=", min_codepoint=33), min_size=1)
simple = st.sampled_from(WORDS).map(ColumnType) | st.integers(1, 38).flatmap(
    lambda digits: st.builds(ColumnType, st.just("decimal"), precision=st.just(digits), scale=st.integers(0, digits))
)


def nested(inner: st.SearchStrategy[ColumnType]) -> st.SearchStrategy[ColumnType]:
    fields = st.lists(
        st.builds(Field, field_names, inner, st.booleans()),
        min_size=1,
        max_size=3,
        unique_by=lambda one: one.name.lower(),
    ).map(tuple)
    return (
        st.builds(ColumnType, st.just("array"), parts=st.tuples(inner))
        | st.builds(ColumnType, st.just("map"), parts=st.tuples(inner, inner))
        | st.builds(ColumnType, st.just("struct"), fields=fields)
    )


types = st.recursive(simple, nested, max_leaves=6)


@example(ColumnType("struct", fields=(Field(":", ColumnType("int")), Field("not", ColumnType("int"), nullable=False))))
@given(types)
def test_a_type_is_read_back_from_its_own_text(of: ColumnType):
    assert column_type(of.text) == of


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join) | st.text(max_size=30))
def test_any_text_is_a_type_or_refused(text: str):
    try:
        found = column_type(text)
    except (InvalidParameterValue, NotImplementedByFakebricks):
        return
    assert column_type(found.text) == found


@given(types)
def test_what_spark_s_json_says_can_be_given_back(of: ColumnType):
    [column] = checked_columns([AskedColumn(name="a", type_text=of.text)])
    said = spark_json(column)
    assert json.loads(said)["type"] == of.json
    assert checked_columns([AskedColumn(name="a", type_text=of.text, type_json=said)]) == (column,)


@pytest.mark.parametrize("word", WORDS)
def test_delta_says_the_same_as_spark_s_json(tmp_path, word: str):
    text = f"struct<plain:{word},many:array<{word}>,named:map<string,{word}>,must:decimal(5,2) NOT NULL>"
    columns = checked_columns([AskedColumn(name="a", type_text=text, comment="all")])
    Delta(tmp_path, columns).ensure()
    [field] = json.loads(DeltaTable(tmp_path).schema().to_json())["fields"]
    assert field == json.loads(spark_json(columns[0]))
