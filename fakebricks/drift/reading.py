"""Reads a model's files without executing anything in them.

Real: pickles of all protocols, skops, the pickles in torch's archives, and the versions that files of xgboost and
keras tell. Of other formats (lightgbm, onnx, safetensors, HDF5) it is known only that they are that.
"""

from __future__ import annotations

import io
import mmap
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from zipfile import ZipFile

import msgspec

from fakebricks.drift.contents import Contents, ModelFile, UnreadableFile
from fakebricks.drift.pickle_machine import UnreadablePickle
from fakebricks.drift.pickles import read_pickle
from fakebricks.drift.skops_files import SCHEMA, read_skops
from fakebricks.drift.zips import UnreadableZip, opened, read_member

HEAD, TAIL = 4096, 256
PICKLE_SUFFIXES = frozenset({".pkl", ".pickle", ".joblib", ".cloudpickle", ".skops"})
"""A file that is called so and cannot be read is a finding; of others nobody has said that they hold objects."""

_PICKLE = re.compile(rb"\x80[\x02-\x05]")
_XGBOOST_JSON = re.compile(rb'\s*\{\s*"learner"')
_XGBOOST_UBJ = re.compile(rb"\{L\0{7}\x07learner")
_XGBOOST_VERSION = re.compile(rb'"version":\[(\d+),(\d+),(\d+)\]')
_XGBOOST_UBJ_VERSION = re.compile(rb"versionl?\[#L\0{7}\x03[iU](.)[iU](.)[iU](.)", re.DOTALL)
_LIGHTGBM = re.compile(rb"tree\r?\nversion=")
_BY_SUFFIX = {".onnx": "onnx", ".safetensors": "safetensors"}


def read_contents(model: Path) -> Contents:
    """What is in the files of a model: a directory, or a single file.

    A file that is damaged or hostile is no error; it stands in `Contents.unreadable`. Links that lead out of the
    directory are not followed.

    Raises:
        FileNotFoundError: there is nothing at that path.
    """
    if not model.exists():
        raise FileNotFoundError(f"There is no model at {model}")
    files: list[ModelFile] = []
    unreadable: list[UnreadableFile] = []
    for path, name in _paths(model):
        try:
            file = _read(path, name)
        except (UnreadablePickle, UnreadableZip) as error:
            unreadable.append(UnreadableFile(name, str(error)))
        else:
            files += [file] if file else []
    return Contents(tuple(files), tuple(unreadable))


def _paths(model: Path) -> Iterator[tuple[Path, str]]:
    """The files of a model with their names in it."""
    if model.is_file():
        yield model, model.name
        return
    root = model.resolve()
    for path in sorted(model.rglob("*")):
        if path.is_file() and path.resolve().is_relative_to(root):
            yield path, path.relative_to(model).as_posix()


def _read(path: Path, name: str) -> ModelFile | None:
    """What a file holds; None where it is none that holds a model."""
    with path.open("rb") as file:
        head = file.read(HEAD)
        file.seek(max(0, path.stat().st_size - TAIL))
        tail = file.read(TAIL)
    if head.startswith(b"PK\x03\x04"):
        with opened(path) as archive:
            return _read_archive(archive, name)
    if _PICKLE.match(head) or (path.suffix in PICKLE_SUFFIXES and head):
        return _read_pickle(path, name)
    if path.suffix in PICKLE_SUFFIXES:
        raise UnreadablePickle("it is empty")
    return _read_native(head, tail, name)


def _read_pickle(path: Path, name: str) -> ModelFile:
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        return read_pickle(mapped, name)


def _read_native(head: bytes, tail: bytes, name: str) -> ModelFile | None:
    for begins, format_name, told in _NATIVE:
        if begins(head):
            return ModelFile(name, format_name, told=told(tail))
    suffix = Path(name).suffix
    return ModelFile(name, _BY_SUFFIX[suffix]) if suffix in _BY_SUFFIX else None


def _told_in_json(tail: bytes) -> dict[str, str]:
    found = _XGBOOST_VERSION.search(tail.replace(b" ", b""))
    return {"xgboost": b".".join(found.groups()).decode()} if found else {}


def _told_in_ubj(tail: bytes) -> dict[str, str]:
    found = _XGBOOST_UBJ_VERSION.search(tail)
    return {"xgboost": ".".join(str(number[0]) for number in found.groups())} if found else {}


def _nothing_told(_: bytes) -> dict[str, str]:
    return {}


_NATIVE: tuple[tuple[Callable[[bytes], object], str, Callable[[bytes], dict[str, str]]], ...] = (
    (_XGBOOST_JSON.match, "xgboost json", _told_in_json),
    (_XGBOOST_UBJ.match, "xgboost ubj", _told_in_ubj),
    (lambda head: head.startswith(b"binf"), "xgboost binary", _nothing_told),
    (_LIGHTGBM.match, "lightgbm text", _nothing_told),
    (lambda head: head.startswith(b"\x89HDF"), "keras hdf5", _nothing_told),
)


def _read_archive(archive: ZipFile, name: str) -> ModelFile | None:
    members = archive.namelist()
    pickles = [member for member in members if member == "data.pkl" or member.endswith("/data.pkl")]
    if pickles:
        return replace(read_pickle(io.BytesIO(read_member(archive, pickles[0])), name), format="torch")
    if SCHEMA in members:
        return read_skops(archive, name)
    if {"config.json", "metadata.json"} <= set(members):
        return ModelFile(name, "keras", told=_told_by_keras(read_member(archive, "metadata.json")))
    if Path(name).suffix in PICKLE_SUFFIXES:
        raise UnreadableZip("it is a zip archive without objects in it")
    return None


def _told_by_keras(metadata: bytes) -> dict[str, str]:
    try:
        version = msgspec.json.decode(metadata)["keras_version"]
    except (msgspec.DecodeError, KeyError, TypeError):
        return {}
    return {"keras": version} if isinstance(version, str) else {}
