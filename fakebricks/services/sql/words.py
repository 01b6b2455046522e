"""The words of a statement: enough of SQL's grammar to tell statements apart and to read commands.

Real: names in backquotes, strings with their escapes, comments. Queries are read by sqlglot; see `dialect.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NoReturn

from fakebricks.services.sql.errors import empty_statement, syntax_error

_TOKEN = re.compile(
    r"""
    (?P<skipped>\s+|--[^\n]*|/\*.*?\*/)
    |(?P<quoted>`(?:[^`]|``)*`)
    |(?P<raw>[rR](?:'[^']*'|"[^"]*"))
    |(?P<string>'(?:\\.|''|[^'\\])*'|"(?:\\.|""|[^"\\])*")
    |(?P<number>\d+(?:\.\d+)?(?!\w))
    |(?P<word>\w+)
    |(?P<sign>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "b": "\b", "Z": "\x1a"}


@dataclass(frozen=True, slots=True)
class Word:
    """A word, sign, name or string; without text it is the end.

    Attributes:
        text: as it stands in the statement.
        kind: `quoted`, `raw`, `string`, `number`, `word` or `sign`; empty at the end.
        start: where it stands.
    """

    text: str = ""
    kind: str = ""
    start: int = -1

    def says(self, *keywords: str) -> bool:
        """Whether it is one of the keywords, or signs."""
        return self.kind in ("word", "sign") and self.text.upper() in keywords

    @property
    def name(self) -> str | None:
        """The name that it is, or None."""
        if self.kind == "quoted":
            return self.text[1:-1].replace("``", "`")
        return self.text if self.kind == "word" else None

    @property
    def value(self) -> str | None:
        """The text that it is as a string, or None."""
        if self.kind == "raw":
            return self.text[2:-1]
        if self.kind != "string":
            return None
        quote, inner = self.text[0], self.text[1:-1]
        # As LIKE needs them, `\%` and `\_` stay as they are.
        unescaped = _ESCAPE.sub(
            lambda found: _ESCAPED.get(found[1], found[1] if found[1] not in "%_" else found[0]), inner
        )
        return unescaped.replace(quote * 2, quote)


def words_of(statement: str) -> Iterator[Word]:
    """The words of a statement, without comments."""
    for found in _TOKEN.finditer(statement):
        if found.lastgroup and found.lastgroup != "skipped":
            yield Word(found.group(), found.lastgroup, found.start())


class Words:
    """One statement, read from its beginning.

    Raises:
        SqlError: there is no statement, or there are several.
    """

    def __init__(self, statement: str) -> None:
        words = list(words_of(statement))
        while words and words[-1].says(";"):
            words.pop()
        if not words:
            raise empty_statement()
        for place, word in enumerate(words):
            if word.says(";"):
                raise syntax_error(words[place + 1].text if not words[place + 1].says(";") else ";")
        last = words[-1]
        self.text = statement[: last.start + len(last.text)]
        """The statement without what follows its last word."""
        self._words = words
        self._place = 0

    def __iter__(self) -> Iterator[Word]:
        """All words, wherever this is."""
        return iter(self._words)

    def has_outside(self, keyword: str) -> bool:
        """Whether a keyword is there, and not in brackets."""
        depth = 0
        for word in self._words:
            depth += {"(": 1, ")": -1}.get(word.text, 0) if word.kind == "sign" else 0
            if depth == 0 and word.says(keyword):
                return True
        return False

    @property
    def next(self) -> Word:
        """The word that is next."""
        return self._words[self._place] if self._place < len(self._words) else Word()

    @property
    def rest(self) -> str:
        """The text from the next word on."""
        return self.text[self.next.start :] if self.next.kind else ""

    def sees(self, *keywords: str) -> bool:
        """Whether these keywords are next."""
        ahead = self._words[self._place : self._place + len(keywords)]
        return len(ahead) == len(keywords) and all(word.says(key) for word, key in zip(ahead, keywords, strict=True))

    def take(self, *keywords: str) -> bool:
        """Go over these keywords if they are next; whether they were."""
        seen = self.sees(*keywords)
        if seen:
            self._place += len(keywords)
        return seen

    def expect(self, *keywords: str) -> None:
        """Go over these keywords.

        Raises:
            SqlError: something else is next.
        """
        for keyword in keywords:
            if not self.take(keyword):
                self.wrong()

    def word(self) -> Word:
        """Go over the next word, whatever it is.

        Raises:
            SqlError: the statement has ended.
        """
        word = self.next
        if not word.kind:
            self.wrong()
        self._place += 1
        return word

    def name(self) -> str:
        """Go over a name of one level.

        Raises:
            SqlError: something else is next.
        """
        name = self.next.name
        if not name:
            self.wrong()
        self._place += 1
        return name

    def names(self) -> tuple[str, ...]:
        """Go over a name of several levels.

        Raises:
            SqlError: something else is next.
        """
        levels = [self.name()]
        while self.take("."):
            levels.append(self.name())
        return tuple(levels)

    def string(self) -> str:
        """Go over a string.

        Raises:
            SqlError: something else is next.
        """
        value = self.next.value
        if value is None:
            self.wrong()
        self._place += 1
        return value

    def number(self) -> int:
        """Go over a whole number.

        Raises:
            SqlError: something else is next.
        """
        if not self.next.text.isdecimal():
            self.wrong()
        return int(self.word().text)

    def end(self) -> None:
        """Be at the end.

        Raises:
            SqlError: the statement goes on.
        """
        if self.next.kind:
            self.wrong()

    def wrong(self) -> NoReturn:
        """Refuse the next word.

        Raises:
            SqlError: always.
        """
        raise syntax_error(self.next.text)
