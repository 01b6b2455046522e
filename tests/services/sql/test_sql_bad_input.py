"""Whatever a statement is, it is answered, refused, or an error of SQL's; and nothing gets through names and values."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from fakebricks import Workspace
from fakebricks.services.sql import SqlError
from fakebricks.services.sql.errors import quoted
from fakebricks.services.sql.words import Words, words_of
from fakebricks.wire.errors import NotImplementedByFakebricks

_AS_MANY = settings(max_examples=30)
_PIECES = (
    *(
        "SELECT",
        "FROM",
        "WHERE",
        "cards",
        "main.default.cards",
        "id",
        "*",
        "(",
        ")",
        ",",
        "1",
        "'x'",
        "`id`",
        ":p",
        "?",
    ),
    *("INSERT INTO", "VALUES", "UPDATE", "SET", "=", "DELETE", "MERGE INTO", "USING", "ON", "CREATE", "TABLE", "SHOW"),
    *("DROP", "ALTER", "GRANT", "TO", "DESCRIBE", "IN", "AS", "WITH", "JOIN", "GROUP BY", "ALL", "NULL", "::", "INT"),
    *(";", "--", "/*", "'", '"', "`", "\\", "\n", "IDENTIFIER(", "[", "]", ":", ".", "USE", "OPTIMIZE", "COMMENT"),
)

statements = st.lists(st.sampled_from(_PIECES), min_size=1, max_size=9).map(" ".join)


@_AS_MANY
@given(statement=statements | st.text(max_size=40))
def test_any_text_is_answered_or_refused(reading: Workspace, statement: str) -> None:
    try:
        reading.sql(statement, p="x")
    except (SqlError, NotImplementedByFakebricks):
        return


@_AS_MANY
@given(text=st.text(max_size=30))
def test_any_text_comes_back_as_a_parameter(reading: Workspace, text: str) -> None:
    assert reading.sql("SELECT :text AS x", text=text).to_pylist() == [{"x": text}]


@settings(max_examples=200)
@given(name=st.text(min_size=1))
def test_any_name_in_backquotes_is_one_word(name: str) -> None:
    (word,) = words_of(quoted(name))
    assert word.name == name


@settings(max_examples=200)
@given(levels=st.lists(st.text(min_size=1), min_size=1, max_size=4))
def test_any_name_of_several_levels_is_read_as_it_is(levels: list[str]) -> None:
    words = Words(quoted(*levels))
    assert list(words.names()) == levels
    words.end()


@settings(max_examples=10)
@given(text=st.text(max_size=20))
def test_any_text_is_stored_as_it_is(reading: Workspace, text: str) -> None:
    reading.sql("CREATE TABLE IF NOT EXISTS texts (x STRING)")
    reading.sql("INSERT OVERWRITE texts VALUES ('before')")
    reading.sql("UPDATE texts SET x = :text WHERE x = :before", text=text, before="before")
    assert reading.sql("SELECT x FROM texts").to_pylist() == [{"x": text}]
