"""The requirements files of a model: which of their lines can be installed, and why the others cannot.

Real: comments, continued lines, `-r` and `-c` of files of the model, hashes, wheels in the model, as pip reads them.
A line is data: it is parsed as PEP 508 and written anew from what was parsed, so that none can be an option of pip.
Options that choose an index (`--index-url` and its like) are left out: where packages come from is for who builds.
Refused, with the line: what would be taken from a URL, a version control system or a path outside the model, other
options, and what is no requirement at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from fakebricks.environments.model_files import UnusableModelError, place, read_text

if TYPE_CHECKING:
    from packaging.requirements import Requirement

_COMMENT = re.compile(r"(^|\s+)#.*$")
_HASH = re.compile(r"\s+--hash[= ]\S+")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
_FILE = re.compile(r"(?:(-r|--requirement)|-c|--constraint)[=\s]*(?P<name>.+)")
_OPTION = re.compile(r"--?[A-Za-z][A-Za-z-]*")
_VCS_OR_URL = re.compile(r"(?:[A-Za-z][A-Za-z+.-]*://|(?:git|hg|svn|bzr)\+)")
_SHOWN = 200  # of a line's text, in messages
_INDEX_OPTIONS = frozenset(
    (
        "-i",
        "--index-url",
        "--pypi-url",
        "--extra-index-url",
        "--no-index",
        "-f",
        "--find-links",
        "--trusted-host",
        "--prefer-binary",
        "--no-binary",
        "--only-binary",
        "--require-hashes",
    )
)


class Why(NamedTuple):
    """Why a line is not installed."""

    kind: Literal["index", "conda", "outside", "not understood"]
    reason: str


class LeftOut(NamedTuple):
    """A line that is not installed.

    Attributes:
        where: the file and the number of the line, such as `requirements.txt, line 3`.
        line: its text, shortened.
        kind: `index` for a choice of where packages come from, `conda` for what only conda can install, `outside` for
            what is not on a package index, `not understood` for what pip would fail on as well.
        reason: why, in a few words.
    """

    where: str
    line: str
    kind: Literal["index", "conda", "outside", "not understood"]
    reason: str

    @property
    def fatal(self) -> bool:
        """Whether an environment without it would be another one than the model asks for."""
        return self.kind in ("outside", "not understood")

    def __str__(self) -> str:
        return f"{self.where}: {self.line!r} {self.reason}"


@dataclass
class Lines:
    """What the requirements files of a model say, in their order."""

    requirements: list[Requirement] = field(default_factory=list)
    constraints: list[Requirement] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)


def read_requirements(model: Path, name: str) -> Lines | None:
    """The lines of a requirements file of the model and of the files that it names; None where there is no such file.

    Raises:
        UnusableModelError: it is no text.
    """
    text = read_text(model, name)
    return None if text is None else parse_lines(model, name, text.splitlines())


def parse_lines(model: Path, name: str, lines: Iterable[str]) -> Lines:
    """Lines as of a requirements file of the model, wherever they were found.

    Raises:
        UnusableModelError: a file that they name is no text.
    """
    read = Lines()
    _Reader(model, read).read(name, lines, into=read.requirements)
    return read


_OUTSIDE = Why("outside", "would be installed from a place outside the package index")


class _Reader:
    def __init__(self, model: Path, read: Lines) -> None:
        self._model = model
        self._read = read
        self._opened: set[tuple[str, bool]] = set()

    def read(self, name: str, lines: Iterable[str], *, into: list[Requirement]) -> None:
        for number, line in _logical(lines):
            where = f"{name}, line {number}"
            why = self._take(line, name, into)
            if why:
                self._read.left_out.append(LeftOut(where, line[:_SHOWN], *why))

    def _take(self, line: str, name: str, into: list[Requirement]) -> Why | None:
        """Take a line in, or say why not."""
        if _CONTROL.search(line):
            return Why("not understood", "holds control characters")
        if "${" in line:
            return Why("outside", "takes its value from an environment variable")
        if line.startswith("-"):
            return self._take_option(line, name, into)
        return self._take_requirement(line, into)

    def _take_option(self, line: str, name: str, into: list[Requirement]) -> Why | None:
        named = _FILE.fullmatch(line)
        if named:
            return self._take_file(named["name"].strip(), name, self._read.constraints if not named[1] else into)
        option = _option(line)
        if option in _INDEX_OPTIONS:
            return Why("index", "is left out: where packages come from is for who builds the environment")
        if option in ("-e", "--editable"):
            return _OUTSIDE
        return Why("not understood", "is an option that is not understood")

    def _take_file(self, named: str, by: str, into: list[Requirement]) -> Why | None:
        if _VCS_OR_URL.match(named):
            return Why("outside", "names a file outside the model")
        name = (Path(by).parent / named).as_posix()
        opened = (name, into is self._read.constraints)
        if opened in self._opened:
            return None
        self._opened.add(opened)
        try:
            text = read_text(self._model, name)
        except UnusableModelError as error:
            return Why("outside", f"names a file that cannot be read: {error}")
        if text is None:
            return Why("not understood", "names a file that is not in the model")
        self.read(name, text.splitlines(), into=into)
        return None

    def _take_requirement(self, line: str, into: list[Requirement]) -> Why | None:
        from packaging.requirements import InvalidRequirement, Requirement

        text = _HASH.sub("", line)
        if text.endswith(".whl") and "://" not in text:
            return self._take_wheel(text, into)
        if _VCS_OR_URL.match(text):
            return _OUTSIDE
        try:
            requirement = Requirement(text)
        except (InvalidRequirement, RecursionError):
            return _not_understood(text)
        if requirement.url:
            return _OUTSIDE
        into.append(requirement)
        return None

    def _take_wheel(self, text: str, into: list[Requirement]) -> Why | None:
        from packaging.requirements import Requirement
        from packaging.utils import InvalidWheelFilename, parse_wheel_filename

        path = place(self._model, text)
        if path is None or not path.is_file():
            return Why("outside", "is a wheel that is not in the model")
        try:
            name = parse_wheel_filename(path.name)[0]
        except InvalidWheelFilename:
            return Why("not understood", "is called as no wheel is")
        into.append(Requirement(f"{name} @ {path.as_uri()}"))
        return None


def _logical(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    """Lines without comments and blank ones, continued ones joined, each with the number of its first."""
    begun: list[str] = []
    first = 1
    for number, line in enumerate(lines, 1):
        first = first if begun else number
        if line.endswith("\\"):
            begun.append(line[:-1])
            continue
        text = _COMMENT.sub("", "".join((*begun, line))).strip()
        begun = []
        if text:
            yield first, text
    rest = _COMMENT.sub("", "".join(begun)).strip()
    if rest:
        yield first, rest


def _option(line: str) -> str:
    found = _OPTION.match(line)
    if not found:
        return ""
    option = found[0]
    return option if option.startswith("--") else option[:2]


def _not_understood(text: str) -> Why:
    if text.startswith((".", "/", "~")) or text.endswith((".tar.gz", ".zip")):
        return _OUTSIDE
    return Why("not understood", "is not a requirement that pip understands")
