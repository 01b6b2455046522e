"""From YAML to nodes: every value with its file and line.

Real: YAML as PyYAML parses it, with anchors, aliases and merge keys. Scalars are read as YAML 1.2 reads them and the
Databricks CLI does (documented: its loader of YAML), not as PyYAML does: `on` and `yes` are texts. Dates stay texts.
Refused: keys that are said twice, as the CLI refuses them, tags other than YAML's own, aliases that contain
themselves, what JSON cannot hold, and files that grow beyond all bounds.
"""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

from fakebricks.contracts.bundles.errors import BundleError
from fakebricks.contracts.bundles.nodes import Node, Scalar
from fakebricks.contracts.findings import Place

_DEEPEST = 60
_MOST_NODES = 50_000
_MOST_BYTES = 10_000_000

_TAG = "tag:yaml.org,2002:"
_TAGS = ("null", "bool", "int", "float", "timestamp", "str", "merge", "value")
_NULL = re.compile(r"|~|null|Null|NULL")
_TRUE = re.compile(r"true|True|TRUE")
_FALSE = re.compile(r"false|False|FALSE")
_INT = re.compile(r"[-+]?[0-9]{1,18}")
_OTHER_INT = re.compile(r"0x[0-9a-fA-F]{1,15}|0o[0-7]{1,20}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")


def read(path: Path) -> Node:
    """The file's document; an empty file is an empty mapping.

    Raises:
        BundleError: there is no such file, or it is not YAML, or not YAML that a bundle may be.
    """
    import yaml

    text = _text(path)
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(str(path), mark.line + 1 if mark else None)
        raise BundleError(f"this is not YAML: {error.problem or error.context}", place) from None
    except yaml.YAMLError as error:
        raise BundleError(f"this is not YAML: {' '.join(str(error).split())}", Place(str(path))) from None
    except (RecursionError, ValueError):
        raise BundleError("this is not YAML that can be read: it is nested too deeply", Place(str(path))) from None
    if root is None:
        return Node({}, Place(str(path), 1))
    return _Reader(str(path), text).node(root, (), None)


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        raise BundleError(f"cannot be read: {reason or 'no such file'}", Place(str(path))) from None
    if len(content) > _MOST_BYTES:
        raise BundleError(f"has more than {_MOST_BYTES} bytes: no bundle is so long", Place(str(path)))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BundleError("this is not YAML: not a text in UTF-8", Place(str(path))) from None
    return text.replace("\t", " ") if path.suffix == ".json" else text


class _Reader:
    """Makes nodes of what PyYAML has composed, of one file."""

    def __init__(self, file: str, text: str) -> None:
        import yaml

        self._file = file
        self._text = text
        self._made = 0
        self._resolver = yaml.SafeLoader("")

    def node(self, composed: Any, within: tuple[int, ...], place: Place | None) -> Node:
        place = place or self._place(composed)
        self._made += 1
        if self._made > _MOST_NODES:
            raise BundleError(f"its aliases make more than {_MOST_NODES} values of it", place)
        if id(composed) in within:
            raise BundleError("an alias that contains itself", place)
        if len(within) > _DEEPEST:
            raise BundleError(f"nested more than {_DEEPEST} levels deep", place)
        within = (*within, id(composed))
        if composed.id == "mapping":
            self._check_tag(composed, "map")
            return Node(self._fields(composed, within), place, self._is_anchored(composed))
        if composed.id == "sequence":
            self._check_tag(composed, "seq")
            return Node([self.node(one, within, None) for one in composed.value], place)
        return Node(self._scalar(composed, place), place)

    def _fields(self, composed: Any, within: tuple[int, ...]) -> dict[str, Node]:
        merged: dict[str, Node] = {}
        own: dict[str, Node] = {}
        for key, value in composed.value:
            place = self._place(key)
            if key.id == "scalar" and key.value == "<<" and key.style is None:
                merged = {**self._merged(value, within, place), **merged}
                continue
            name = self._key(key)
            if name in own:
                raise BundleError(f"the key '{name}' was said before, at line {own[name].place.line}", place)
            own[name] = self.node(value, within, place)
        return {**merged, **own}

    def _merged(self, composed: Any, within: tuple[int, ...], place: Place) -> dict[str, Node]:
        """What a merge key brings; of several mappings, the first has the last word."""
        node = self.node(composed, within, place)
        fields: dict[str, Node] = {}
        for one in node.elements or [node]:
            if not isinstance(one.value, dict):
                raise BundleError(f"a merge key takes mappings, and this is {one.kind}", place)
            fields = {**one.fields, **fields}
        return fields

    def _key(self, key: Any) -> str:
        if key.id != "scalar":
            raise BundleError("a key must be a text", self._place(key))
        return str(key.value)

    def _scalar(self, composed: Any, place: Place) -> Scalar:
        text: str = composed.value
        if composed.tag.removeprefix(_TAG) not in _TAGS:
            raise BundleError(f"the tag '{composed.tag}' is none of a bundle's", place)
        told_text = composed.tag == f"{_TAG}str" and self._implicit(composed) != composed.tag
        return text if composed.style is not None or told_text else _read_plain(text, place)

    def _implicit(self, composed: Any) -> str:
        """What PyYAML takes a scalar for that has no tag."""
        return str(self._resolver.resolve(type(composed), composed.value, (True, False)))

    def _is_anchored(self, composed: Any) -> bool:
        """PyYAML has what is anchored begin at its anchor."""
        return self._text.startswith("&", composed.start_mark.index)

    def _check_tag(self, composed: Any, expected: str) -> None:
        if composed.tag != f"{_TAG}{expected}":
            raise BundleError(f"the tag '{composed.tag}' is none of a bundle's", self._place(composed))

    def _place(self, composed: Any) -> Place:
        return Place(self._file, composed.start_mark.line + 1)


def _read_plain(text: str, place: Place) -> Scalar:
    if _NULL.fullmatch(text):
        return None
    if _TRUE.fullmatch(text):
        return True
    if _FALSE.fullmatch(text):
        return False
    if _INT.fullmatch(text):
        return int(text)
    if _OTHER_INT.fullmatch(text):
        return int(text, 0)
    if _NOT_FINITE.fullmatch(text) or (_FLOAT.fullmatch(text) and not math.isfinite(float(text))):
        raise BundleError(f"{text} is no number that JSON can hold", place)
    return float(text) if _FLOAT.fullmatch(text) else text
