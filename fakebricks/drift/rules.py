"""The rules of drift, as data: which change of a library does what to a model that holds what.

They stand in `rules.json`. A rule is about classes, names, formats and ranges of versions, never about single models.
Where it is from, it says itself: measured (models trained in one environment and loaded in another, Python, numpy,
scikit-learn and all the rest as in the Databricks Runtimes or with all but scikit-learn held equal), reported (by
users, at the link), documented (by the library's own makers), or inferred.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from typing import Literal

import msgspec
from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version

from fakebricks.drift.contents import HOLDING_OBJECTS, Contents, Held, ModelFile

Outcome = Literal["ok", "warn_only", "float_noise", "silent_change", "predict_error", "crash", "load_error", "unknown"]
Provenance = Literal["measured", "reported", "documented", "inferred"]
Patterns = tuple[str, ...]
"""Any of them is to match the whole text; `*` stands for anything."""

ABSENT = "absent"


class Affects(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a file must hold for a rule to be about it; all that is given must be so.

    Attributes:
        formats: of the file; where not given, those that hold objects of Python.
        objects: classes, of which one object at least is in it.
        where: attributes of such an object with what they must be; `absent` is one that it does not have.
        only: whether all objects with these attributes must be of these classes.
        at: the attribute at which it strikes, where the object begins if not given.
        outside: classes that such an object is no part of.
        names: what is imported to read it, one at least.
        names_beyond: one name at least is none of these.
        by_value: whether it carries the code of functions or classes; asked for only where given.
    """

    formats: Patterns = ()
    objects: Patterns = ()
    where: Mapping[str, Patterns] = {}
    only: bool = False
    at: str = ""
    outside: Patterns = ()
    names: Patterns = ()
    names_beyond: Patterns = ()
    by_value: bool | None = None


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a change of a library does.

    Attributes:
        id: its name.
        library: whose change it is; where a version of this library is the same, the rule is not asked.
        trained: ranges of versions (PEP 440) by library, `python` among them, of the environment of training.
        serving: the same, of the environment that loads the model.
        affects: the models that it is about.
        outcome: what happens.
        message: the text of the error or warning. In it stand `{object}` for the class, `{name}` for the name that it
            strikes at, `{trained}` and `{serving}` for versions, `{cpython}` as in `cpython-311`.
        explanation: why, for a person.
        source: where it is known from.
        provenance: how it is known.
        direction: whether it is only about a later version than at training, or an earlier one.
        general: whether it is asked only where no other rule says what happens to the model.
    """

    id: str
    library: str
    trained: Mapping[str, str]
    serving: Mapping[str, str]
    affects: Affects
    outcome: Outcome
    explanation: str
    provenance: Provenance
    message: str = ""
    source: str = ""
    direction: Literal["either", "later", "earlier"] = "either"
    general: bool = False


class Strike(msgspec.Struct, frozen=True):
    """A rule that is about a model.

    Attributes:
        rule: which.
        place: the number of the file, and the byte at which it strikes first.
        at: the class, or what is imported, that it strikes at first, by its full name; a format where it is neither.
        affected: all of the model that it is about.
        format: of the file.
    """

    rule: Rule
    place: tuple[int, int]
    at: str
    affected: tuple[str, ...]
    format: str


@cache
def rules() -> tuple[Rule, ...]:
    """All rules."""
    return msgspec.json.decode(resources.files(__package__).joinpath("rules.json").read_bytes(), type=tuple[Rule, ...])


@cache
def rules_by_library() -> Mapping[str, tuple[Rule, ...]]:
    """All rules, by whose change they are about."""
    return {
        library: tuple(rule for rule in rules() if rule.library == library)
        for library in {rule.library for rule in rules()}
    }


def strikes(
    library: str, contents: Contents, trained: Mapping[str, str], serving: Mapping[str, str]
) -> Iterator[Strike]:
    """The rules about a change of a library that are about a model.

    Args:
        library: whose change is asked about.
        contents: of the model.
        trained: versions of the environment of training, `python` among them.
        serving: versions of the environment that loads it, `python` among them.
    """
    for rule in rules_by_library().get(library, ()):
        if within(rule.trained, trained) and within(rule.serving, serving) and _goes(rule, trained, serving):
            found = (_strike(rule, number, file) for number, file in enumerate(contents.files))
            yield from (strike for strike in found if strike)


def _goes(rule: Rule, trained: Mapping[str, str], serving: Mapping[str, str]) -> bool:
    if rule.direction == "either":
        return True
    is_later = Version(serving[rule.library]) > Version(trained[rule.library])
    return is_later == (rule.direction == "later")


def within(ranges: Mapping[str, str], versions: Mapping[str, str]) -> bool:
    """Whether all versions are within their ranges; what is not known, or is no version, is not."""
    return all(
        name in versions and is_version(versions[name]) and _specifiers(specifiers).contains(versions[name])
        for name, specifiers in ranges.items()
    )


def is_version(text: str) -> bool:
    """Whether it is a version that can be compared (PEP 440)."""
    try:
        Version(text)
    except InvalidVersion:
        return False
    return True


@cache
def _specifiers(text: str) -> SpecifierSet:
    return SpecifierSet(text, prereleases=True)


def _strike(rule: Rule, number: int, file: ModelFile) -> Strike | None:
    """Where in a file the rule strikes; None where it is not about it."""
    affects = rule.affects
    if not _formats_match(affects, file) or affects.by_value not in {None, bool(file.by_value)}:
        return None
    objects, names = _objects(affects, file), _names(affects, file)
    if objects is None or names is None:
        return None
    found = objects or names or [(0, file.format)]
    affected = file.by_value if affects.by_value else tuple(dict.fromkeys(name for _, name in found))
    position, first = min(found)
    return Strike(rule=rule, place=(number, position), at=first, affected=affected, format=file.format)


def _formats_match(affects: Affects, file: ModelFile) -> bool:
    if affects.formats:
        return matches_any(file.format, affects.formats)
    return file.format in HOLDING_OBJECTS


def _objects(affects: Affects, file: ModelFile) -> list[tuple[int, str]] | None:
    """Where objects stand that the rule asks for, and their classes; None where there is none of them."""
    if not affects.objects:
        return []
    candidates = [held for held in file.held if _has(held, affects.where)]
    matching = [held for held in candidates if matches_any(held.class_name, affects.objects)]
    if not matching or (affects.only and len(matching) < len(candidates)):
        return None
    owners = [held for held in file.held if matches_any(held.class_name, affects.outside)]
    found = [held for held in matching if not any(owner.has(held) for owner in owners)]
    return [(_place(held, affects.at), held.class_name) for held in found] or None


def _has(held: Held, where: Mapping[str, Patterns]) -> bool:
    return all(
        matches_any(held.traits[name].text, patterns) if name in held.traits else ABSENT in patterns
        for name, patterns in where.items()
    )


def _place(held: Held, attribute: str) -> int:
    trait = held.traits.get(attribute)
    return held.position if trait is None else trait.position


def _names(affects: Affects, file: ModelFile) -> list[tuple[int, str]] | None:
    """Where names that the rule asks for are imported; None where none of them is."""
    if not affects.names and not affects.names_beyond:
        return []
    found = [(place, name) for name, place in file.names.items() if _asked_for(name, affects)]
    return found or None


def _asked_for(name: str, affects: Affects) -> bool:
    if affects.names and not matches_any(name, affects.names):
        return False
    return not matches_any(name, affects.names_beyond)


def matches_any(text: str, patterns: Patterns) -> bool:
    """Whether a text is matched as a whole by any of some patterns."""
    return any(_expression(pattern).fullmatch(text) for pattern in patterns)


@cache
def _expression(pattern: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, pattern.split("*"))), re.DOTALL)
