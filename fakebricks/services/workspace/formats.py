"""What becomes of something that is imported into the workspace: a notebook or a file.

Real: SOURCE makes a notebook, RAW a file, and AUTO what the extension and the first line say, without the extension
where it makes a notebook (documented). A notebook's source begins with the platform's own first line, which is added
where it is missing (observed: databricks-sdk's integration tests). Refused: what takes a conversion, and archives.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fakebricks.services.workspace.records import FILE, NOTEBOOK
from fakebricks.wire.errors import InvalidParameterValue, NotImplementedByFakebricks

Format = Literal["AUTO", "DBC", "HTML", "JUPYTER", "RAW", "R_MARKDOWN", "SOURCE"]
Language = Literal["PYTHON", "R", "SCALA", "SQL"]

_COMMENT: dict[str, bytes] = {"PYTHON": b"#", "R": b"#", "SCALA": b"//", "SQL": b"--"}
_TITLE = b"Databricks notebook source"
_LANGUAGES: dict[str, Language] = {".py": "PYTHON", ".r": "R", ".scala": "SCALA", ".sql": "SQL"}
_EXTENSIONS: dict[str, str] = {language: extension for extension, language in _LANGUAGES.items()}
_AS_THEY_ARE = ("AUTO", "RAW", "SOURCE")


@dataclass(frozen=True, slots=True)
class Imported:
    """What is to be stored, and where."""

    path: str
    object_type: str
    content: bytes
    language: str = ""


def imported(path: str, content: bytes, kind: Format, language: Language | None) -> Imported:
    """What an import makes.

    Args:
        path: where it is to be.
        content: as it was sent.
        kind: how to take it.
        language: of the notebook.

    Raises:
        NotImplementedByFakebricks: it would have to be converted, or is an archive.
        InvalidParameterValue: it is to be a notebook and its language is not known, or it is no text.
    """
    require_as_it_is(kind)
    if kind == "RAW":
        return Imported(path, FILE, content)
    if kind == "AUTO":
        return _recognised(path, content, language)
    if language is None:
        raise InvalidParameterValue(
            "The language of the notebook must be given to import a file in the format SOURCE; fakebricks does not "
            "import directories."
        )
    return _notebook(path, content, language)


def require_as_it_is(kind: Format) -> None:
    """Refuse a format that takes a conversion.

    Raises:
        NotImplementedByFakebricks: it does.
    """
    if kind not in _AS_THEY_ARE:
        raise NotImplementedByFakebricks(
            f"fakebricks does not convert notebooks to or from the format '{kind}'; use one of "
            f"{', '.join(_AS_THEY_ARE)}."
        )


def file_type(path: str, language: str) -> str:
    """How an export calls the type of something: its extension, without the period (observed for notebooks)."""
    if language:
        return _EXTENSIONS[language].removeprefix(".")
    name = path.rpartition("/")[2]
    return name.rpartition(".")[2] if "." in name else ""


def _recognised(path: str, content: bytes, language: Language | None) -> Imported:
    stem, dot, extension = path.rpartition(".")
    if dot and extension == "ipynb":
        require_as_it_is("JUPYTER")
    of_extension = _LANGUAGES.get(f".{extension.lower()}") if dot else None
    if of_extension is None or not _has_title(content, of_extension) or stem.endswith("/"):
        return Imported(path, FILE, content)
    if language not in (None, of_extension):
        raise InvalidParameterValue(f"The language {language} is not that of '{path}', which is {of_extension}.")
    return _notebook(stem, content, of_extension)


def _notebook(path: str, content: bytes, language: Language) -> Imported:
    try:
        content.decode()
    except UnicodeDecodeError:
        raise InvalidParameterValue(f"The source of the notebook '{path}' is not text in UTF-8.") from None
    titled = content if _has_title(content, language) else _title(language) + b"\n" + content
    return Imported(path, NOTEBOOK, titled, language)


def _has_title(content: bytes, language: Language) -> bool:
    return content.partition(b"\n")[0].rstrip() == _title(language)


def _title(language: Language) -> bytes:
    return _COMMENT[language] + b" " + _TITLE
