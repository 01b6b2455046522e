"""Requests before they are JSON: rows under names, in a form. What is wrong with a request is done to these."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from fakebricks.strategies.formats import Form, Layout

Row = tuple[Any, ...]


@dataclass(frozen=True)
class Body:
    """Rows in a form; without names where the signature has none. Arrays are one row of arrays."""

    form: Form
    names: tuple[str, ...] | None
    rows: tuple[Row, ...]
    params: Mapping[str, Any] | None = None

    def payload(self) -> dict[str, Any]:
        """The JSON that a client sends."""
        payload = {self.form.format: self.content()}
        return payload if self.params is None else {**payload, "params": dict(self.params)}

    def content(self) -> Any:
        """What stands under the name of the format."""
        match self.form.layout:
            case Layout.SPLIT:
                columns = {} if self.names is None else {"columns": list(self.names)}
                return {**columns, "data": [list(row) for row in self.rows]}
            case Layout.RECORDS | Layout.ROWS:
                return [self._named(row) for row in self.rows]
            case Layout.COLUMNS:
                return {name: [row[i] for row in self.rows] for i, name in enumerate(self.names or ())}
            case Layout.ROW:
                return self._named(self.rows[0])
            case Layout.MATRIX:
                return [row[0] if len(row) == 1 else list(row) for row in self.rows]
            case Layout.BARE:
                return self.rows[0][0]

    def _named(self, row: Row) -> dict[str, Any]:
        names = self.names if self.names is not None else tuple(str(i) for i in range(len(row)))
        return dict(zip(names, row, strict=True))

    def without(self, position: int) -> Body:
        """The same, with one column less."""
        return self.picked([i for i in range(len(self.rows[0])) if i != position])

    def picked(self, positions: Sequence[int]) -> Body:
        """The columns at these positions, in this order."""
        names = None if self.names is None else tuple(self.names[i] for i in positions)
        return replace(self, names=names, rows=tuple(tuple(row[i] for i in positions) for row in self.rows))

    def with_column(self, name: str, value: Any) -> Body:
        """With one column more, which is the same in all rows."""
        names = None if self.names is None else (*self.names, name)
        return replace(self, names=names, rows=tuple((*row, value) for row in self.rows))

    def renamed(self, position: int, name: str) -> Body:
        """With another name for one column."""
        names = self.names or ()
        return replace(self, names=(*names[:position], name, *names[position + 1 :]))

    def filled(self, position: int, value: Any) -> Body:
        """With this value in all rows of a column."""
        return replace(self, rows=tuple(_put(row, position, value) for row in self.rows))

    def filled_once(self, position: int, value: Any) -> Body:
        """With this value in the first row of a column."""
        return replace(self, rows=(_put(self.rows[0], position, value), *self.rows[1:]))


def _put(row: Row, position: int, value: Any) -> Row:
    return (*row[:position], value, *row[position + 1 :])
