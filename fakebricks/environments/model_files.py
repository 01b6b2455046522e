"""The small text files of a model's directory, read with care: nothing in them is run, and none leads out of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_SURROGATE = re.compile("[\ud800-\udfff]")
_SHOWN = 200  # of what an error repeats
_LARGEST = 4 * 1024 * 1024  # an MLmodel with a big signature takes some 100 KB


class UnusableModelError(Exception):
    """A directory that is no model, or whose files cannot be understood; its message says which and why."""


def place(model: Path, name: str) -> Path | None:
    """Where a file or folder of the model is; None where there is none of that name, or the name leads out of it."""
    try:
        path = (model / name).resolve()
        is_one = path.is_file() or path.is_dir()  # and no pipe, for example, which may never come to an end
        return path if is_one and path.is_relative_to(model.resolve()) else None
    except (OSError, ValueError):
        return None


def read_text(model: Path, name: str) -> str | None:
    """The text of a file of the model; None where there is none.

    Raises:
        UnusableModelError: it is no text, or too large, or leads out of the model's directory.
    """
    shown = name[:_SHOWN]
    try:
        path = (model / name).resolve()
        if not path.is_relative_to(model.resolve()):
            raise UnusableModelError(f"{shown} leads out of the model's directory.")
        if not path.exists():
            return None
        if not path.is_file():
            raise UnusableModelError(f"{shown} is no regular file.")
        if path.stat().st_size > _LARGEST:
            raise UnusableModelError(f"{shown} is larger than {_LARGEST} bytes.")
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise UnusableModelError(f"{shown} is not text in UTF-8.") from None
    except (OSError, ValueError) as error:
        raise UnusableModelError(f"{shown} cannot be read: {getattr(error, 'strerror', None) or error}.") from None


def read_yaml(model: Path, name: str) -> dict[str, Any] | None:
    """The mapping that a YAML file of the model holds; None where there is no such file.

    Raises:
        UnusableModelError: it is no YAML, or no mapping.
    """
    text = read_text(model, name)
    if text is None:
        return None
    import yaml

    try:
        document = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())
        raise UnusableModelError(f"{name} is not YAML: {reason[:_SHOWN]}.") from None
    if not isinstance(document, dict):
        raise UnusableModelError(f"{name} holds no mapping.")
    if any(_SURROGATE.search(one) for one in _texts(document)):
        raise UnusableModelError(f"{name} holds halves of characters, which are no text.")
    return document


def _texts(document: Any) -> Iterator[str]:
    """All texts in a document, each once, however often its parts refer to each other."""
    waiting = [document]
    seen: set[int] = set()
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, dict | list) and id(one) not in seen:
            seen.add(id(one))
            waiting += [*one.keys(), *one.values()] if isinstance(one, dict) else one
