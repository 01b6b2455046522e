"""The files of a bundle: its root, and what that includes.

Real: as the Databricks CLI reads them (documented: its loader): patterns of the root only, relative to it, each file
once, files of a pattern in the order of their names; a key of a resource is there once, in all files together.
"""

from __future__ import annotations

import re
from glob import has_magic
from pathlib import Path

from fakebricks.contracts.bundles.errors import BundleError
from fakebricks.contracts.bundles.known_keys import BUNDLE
from fakebricks.contracts.bundles.merging import merged
from fakebricks.contracts.bundles.nodes import Node
from fakebricks.contracts.bundles.reading import read
from fakebricks.contracts.bundles.schema import conform
from fakebricks.contracts.findings import Finding, Place, Severity

_ROOTS = ("databricks.yml", "databricks.yaml", "bundle.yml", "bundle.yaml")
_SUFFIXES = (".yml", ".yaml", ".json")
_STARS = re.compile(r"\*+")  # two stars are one to the CLI: one folder, not any number of them


def root_of(path: Path) -> Path:
    """The root of a bundle: the file itself, or the one in a directory.

    Raises:
        BundleError: there is no such file.
    """
    if not path.is_dir():
        return path
    for name in _ROOTS:
        if (path / name).is_file():
            return path / name
    raise BundleError(f"there is no {_ROOTS[0]} here", Place(str(path)))


def gather(root: Path) -> tuple[Node, tuple[Finding, ...]]:
    """All that the files say, with what a reader should know about them.

    Raises:
        BundleError: a file cannot be read, or says what no bundle can.
    """
    told = _told(root)
    findings: list[Finding] = []
    resources: dict[str, Place] = {}
    _check_keys(told, resources)
    whole = told
    for path in _included(root, told):
        more = _told(path)
        findings += _nested(root, path, more)
        _check_keys(more, resources)
        whole = merged(whole, more.without("include"))
    return whole, tuple(findings)


def _told(path: Path) -> Node:
    """What a file says. Mappings with an anchor at its top, under any name, are there for others to repeat."""
    node = read(path)
    shared = [name for name, one in node.fields.items() if one.anchored and name not in BUNDLE]
    return conform(node.without(*shared) if shared else node, BUNDLE)


def _included(root: Path, told: Node) -> list[Path]:
    seen = [root.resolve()]
    found: list[Path] = []
    for entry in _entries(told):
        for path in _matches(root, entry):
            if path.resolve() in seen or (path.name in _ROOTS and path.parent == root.parent):
                continue
            if path.suffix not in _SUFFIXES:
                raise BundleError(f"includes '{path.name}', which is neither YAML nor JSON", entry.place)
            seen.append(path.resolve())
            found.append(path)
    return found


def _entries(told: Node) -> list[Node]:
    include = told.at("include")
    return include.elements if include else []


def _matches(root: Path, entry: Node) -> list[Path]:
    pattern = entry.text
    if "${" in pattern:
        raise BundleError(f"'{pattern}' has a reference, and includes are read before any is resolved", entry.place)
    if not pattern or "\0" in pattern or Path(pattern).is_absolute():
        raise BundleError(f"'{pattern}' is no relative path; includes are relative to the bundle", entry.place)
    try:
        found = sorted(one for one in root.parent.glob(_STARS.sub("*", pattern)) if one.is_file())
    except (ValueError, NotImplementedError, OSError, IndexError) as error:
        raise BundleError(f"'{pattern}' is no pattern of files: {error}", entry.place) from None
    if not found and not has_magic(pattern):
        raise BundleError(f"'{pattern}' in 'include' does not match any file", entry.place)
    return found


def _nested(root: Path, path: Path, told: Node) -> list[Finding]:
    """What is to be said where an included file includes others, which only the root may."""
    findings = []
    for entry in _entries(told):
        matches = {*_matches(root, entry), *_matches_of_its_own(path, entry)}
        circle = [one for one in (root, path) if one.resolve() in {match.resolve() for match in matches}]
        if circle:
            way = " -> ".join(dict.fromkeys([str(circle[0]), str(path)])) + f" -> {circle[0]}"
            raise BundleError(f"the includes go in a circle: {way}", entry.place)
        findings.append(
            Finding(
                rule="bundle/nested-include",
                message=f"'{entry.text}' is not read: only the bundle's root file can include others.",
                severity=Severity.WARNING,
                fix=f"Move it to 'include' in {root.name}.",
                source="Databricks CLI, which says so when it reads the bundle",
                place=entry.place,
            )
        )
    return findings


def _matches_of_its_own(path: Path, entry: Node) -> list[Path]:
    try:
        return _matches(path, entry)
    except BundleError:
        return []


def _check_keys(told: Node, known: dict[str, Place]) -> None:
    resources = told.at("resources")
    for kind in resources.fields.values() if resources else ():
        for key, one in kind.fields.items():
            if key in known:
                raise BundleError(f"the key '{key}' is that of another resource already, at {known[key]}", one.place)
            known[key] = one.place
