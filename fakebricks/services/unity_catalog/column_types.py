"""The types of columns, as SQL says them, and what Unity Catalog, Spark and Arrow call them.

Real: all types that Delta stores, nested to a depth of twenty. Refused: types that need a feature of Delta which its
readers here lack (VARIANT, GEOGRAPHY, intervals...), lengths of strings, comments on the fields of a struct.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from fakebricks.wire.errors import InvalidParameterValue, NotImplementedByFakebricks

# By SQL's names: the platform's, and those of Spark's JSON.
_SIMPLE = {
    "boolean": ("BOOLEAN", "boolean"),
    "tinyint": ("BYTE", "byte"),
    "smallint": ("SHORT", "short"),
    "int": ("INT", "integer"),
    "bigint": ("LONG", "long"),
    "float": ("FLOAT", "float"),
    "double": ("DOUBLE", "double"),
    "date": ("DATE", "date"),
    "timestamp": ("TIMESTAMP", "timestamp"),
    "timestamp_ntz": ("TIMESTAMP_NTZ", "timestamp_ntz"),
    "string": ("STRING", "string"),
    "binary": ("BINARY", "binary"),
}
_ALIASES = {
    "byte": "tinyint",
    "short": "smallint",
    "integer": "int",
    "long": "bigint",
    "real": "float",
    "timestamp_ltz": "timestamp",
    "dec": "decimal",
    "numeric": "decimal",
}
_NOT_STORED = ("char", "varchar", "interval", "void", "null", "variant", "geography", "geometry", "object")
_SIGNS = frozenset("<>(),:")
_TOKEN = re.compile(r"\s*(?:`((?:[^`]|``)+)`|(\w+)|([<>(),:]))")
_DEEPEST = 20
_MOST_DIGITS = 38
_SHOWN = 100
_PLAIN = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a struct."""

    name: str
    type: ColumnType
    nullable: bool = True


@dataclass(frozen=True, slots=True)
class ColumnType:
    """A type: one that SQL has a word for, or one made of others."""

    word: str
    """SQL's: `bigint`, `decimal`, `array`, `map`, `struct`..."""
    parts: tuple[ColumnType, ...] = ()
    fields: tuple[Field, ...] = ()
    precision: int = 0
    scale: int = 0

    @property
    def name(self) -> str:
        """As the platform's enumeration says it: `LONG`, `DECIMAL`..."""
        return _SIMPLE[self.word][0] if self.word in _SIMPLE else self.word.upper()

    @property
    def text(self) -> str:
        """As SQL says it, always in the same way."""
        if self.word == "decimal":
            return f"decimal({self.precision},{self.scale})"
        if self.word == "struct":
            return f"struct<{','.join(_field_text(one) for one in self.fields)}>"
        if self.parts:
            return f"{self.word}<{','.join(part.text for part in self.parts)}>"
        return self.word

    @property
    def json(self) -> Any:
        """As Spark's JSON says it."""
        if self.word == "decimal":
            return self.text
        if self.word == "array":
            return {"type": "array", "elementType": self.parts[0].json, "containsNull": True}
        if self.word == "map":
            key, value = self.parts
            return {"type": "map", "keyType": key.json, "valueType": value.json, "valueContainsNull": True}
        if self.word == "struct":
            return {
                "type": "struct",
                "fields": [
                    {"name": one.name, "type": one.type.json, "nullable": one.nullable, "metadata": {}}
                    for one in self.fields
                ],
            }
        return _SIMPLE[self.word][1]


@lru_cache(maxsize=1024)
def column_type(text: str) -> ColumnType:
    """The type that SQL says so.

    >>> column_type("MAP<STRING, decimal(10,2)>").text
    'map<string,decimal(10,2)>'

    Raises:
        InvalidParameterValue: it is none.
        NotImplementedByFakebricks: the platform has it, and fakebricks does not store it.
    """
    parser = _Parser(text)
    found = parser.type(1)
    parser.end()
    return found


def word_of(type_name: str) -> str | None:
    """What SQL calls a type of the platform's enumeration, or None where the name alone does not say it all."""
    return next((word for word, (name, _) in _SIMPLE.items() if name == type_name), None)


def arrow_type(of: ColumnType) -> Any:
    """The Arrow type that Delta stores as that type."""
    import pyarrow as pa

    if of.word == "decimal":
        return pa.decimal128(of.precision, of.scale)
    if of.word == "array":
        return pa.list_(arrow_type(of.parts[0]))
    if of.word == "map":
        return pa.map_(*map(arrow_type, of.parts))
    if of.word == "struct":
        return pa.struct([pa.field(one.name, arrow_type(one.type), one.nullable) for one in of.fields])
    simple = {
        "boolean": pa.bool_(),
        "tinyint": pa.int8(),
        "smallint": pa.int16(),
        "int": pa.int32(),
        "bigint": pa.int64(),
        "float": pa.float32(),
        "double": pa.float64(),
        "date": pa.date32(),
        "timestamp": pa.timestamp("us", tz="UTC"),
        "timestamp_ntz": pa.timestamp("us"),
        "string": pa.string(),
        "binary": pa.binary(),
    }
    return simple[of.word]


def _field_text(field: Field) -> str:
    name = field.name if _PLAIN.fullmatch(field.name) else f"`{field.name.replace('`', '``')}`"
    return f"{name}:{field.type.text}{'' if field.nullable else ' NOT NULL'}"


class _Token(NamedTuple):
    """A word, a sign, or a name in backquotes, which is never either of them. Without text it is the end."""

    text: str = ""
    quoted: bool = False

    def says(self, text: str) -> bool:
        return not self.quoted and self.text.lower() == text


class _Parser:
    """Reads one type."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = self._tokenized()
        self._next = next(self._tokens, _Token())

    def type(self, depth: int) -> ColumnType:
        if depth > _DEEPEST:
            raise self._wrong()
        token = self._take()
        word = "" if token.quoted else _ALIASES.get(token.text.lower(), token.text.lower())
        if word in _SIMPLE:
            return ColumnType(word)
        if word == "decimal":
            return self._decimal()
        if word == "array":
            return ColumnType("array", parts=tuple(self._inner(1, depth)))
        if word == "map":
            return ColumnType("map", parts=tuple(self._inner(2, depth)))
        if word == "struct":
            return ColumnType("struct", fields=self._fields(depth))
        if word in _NOT_STORED:
            raise NotImplementedByFakebricks(f"fakebricks does not store columns of the type '{self._shown}'.")
        raise self._wrong()

    def end(self) -> None:
        if self._next.text:
            raise self._wrong()

    def _inner(self, count: int, depth: int) -> Iterator[ColumnType]:
        for place in range(count):
            self._expect("," if place else "<")
            yield self.type(depth + 1)
        self._expect(">")

    def _fields(self, depth: int) -> tuple[Field, ...]:
        fields = [self._field("<", depth)]
        while self._next.says(","):
            fields.append(self._field(",", depth))
        self._expect(">")
        if len({one.name.lower() for one in fields}) < len(fields):
            raise self._wrong()
        return tuple(fields)

    def _field(self, before: str, depth: int) -> Field:
        self._expect(before)
        name = self._take()
        if not name.quoted and name.text in _SIGNS:
            raise self._wrong()
        if self._next.says(":"):
            self._take()
        found = self.type(depth + 1)
        required = self._next.says("not")
        if required:
            self._take()
            self._expect("null")
        if self._next.says("comment"):
            raise NotImplementedByFakebricks(f"fakebricks keeps no comments on fields of a struct ('{self._shown}').")
        return Field(name.text, found, nullable=not required)

    def _decimal(self) -> ColumnType:
        precision, scale = 10, 0
        if self._next.says("("):
            self._take()
            precision = self._number()
            if self._next.says(","):
                self._take()
                scale = self._number()
            self._expect(")")
        if not 0 <= scale <= precision <= _MOST_DIGITS or not precision:
            raise self._wrong()
        return ColumnType("decimal", precision=precision, scale=scale)

    def _number(self) -> int:
        digits = self._take().text
        if not (digits.isascii() and digits.isdigit() and len(digits) <= len(str(_MOST_DIGITS))):
            raise self._wrong()
        return int(digits)

    def _expect(self, text: str) -> None:
        if not self._take().says(text):
            raise self._wrong()

    def _take(self) -> _Token:
        if not self._next.text:
            raise self._wrong()
        taken, self._next = self._next, next(self._tokens, _Token())
        return taken

    def _tokenized(self) -> Iterator[_Token]:
        place, end = 0, len(self._text.rstrip())
        while place < end:
            found = _TOKEN.match(self._text, place)
            if found is None:
                raise self._wrong()
            quoted, word, sign = found.groups()
            yield _Token(quoted.replace("``", "`"), quoted=True) if quoted else _Token(word or sign)
            place = found.end()

    @property
    def _shown(self) -> str:
        return self._text if len(self._text) <= _SHOWN else f"{self._text[:_SHOWN]}..."

    def _wrong(self) -> InvalidParameterValue:
        return InvalidParameterValue(f"'{self._shown}' is not a valid type of a column.")
