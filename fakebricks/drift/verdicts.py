"""Judges what becomes of a model's contents under other versions of the libraries.

How rules agree on one verdict. Each library whose version differs is judged by those of its rules that are about what
the files hold. Of several, the one whose effect comes first in the life of the model counts:

1. loading fails: of several, at the first byte in the files at which one does, whichever library is to blame. So the
   error that is told is the one that is seen;
2. predicting fails or kills the process: of several, at the object that comes first in the files, as an outer one is
   asked before those in it;
3. predictions differ, silently;
4. what happens is not known, because no promise covers it and nobody has measured it;
5. predictions differ by less than 1e-9;
6. loading warns;
7. nothing happens.

The verdicts of the libraries are told in the same order. What stands first is what a user sees.

How bad it is: 1, 2 and 3 are `breaking`, silent changes too, as nobody would notice them. 4 is `risky`. A mere warning
is `compatible` where equal predictions have been measured, `risky` where it is only documented that there is one: the
warning of scikit-learn says that predictions may be invalid, and for some models they are.

Without a rule: a library of which the files hold nothing is `compatible`, unless what the files hold cannot be told.
One that they hold is `compatible` at another patch release, else `risky`: pickles carry no promise of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from packaging.version import Version

from fakebricks.drift.contents import PICKLE, Contents
from fakebricks.drift.rules import Outcome, Provenance, Rule, Strike, is_version, strikes

Verdict = Literal["same", "compatible", "risky", "breaking"]

PYTHON = "python"

_ORDER: dict[Outcome, int] = {
    "load_error": 1,
    "predict_error": 2,
    "crash": 2,
    "silent_change": 3,
    "unknown": 4,
    "float_noise": 5,
    "warn_only": 6,
    "ok": 7,
}
_LAST_BREAKING = _ORDER["silent_change"]


@dataclass(frozen=True)
class LibraryVerdict:
    """What a change of one library does to a model.

    Attributes:
        library: the name of its distribution, normalised; `python` for Python itself.
        trained: its version at training; None where not known.
        serving: its version where the model is to be loaded; None where not known, or not installed.
        verdict: how bad it is.
        rule: the id of the rule that says so.
        outcome: what is expected to happen.
        message: the text of the error or warning that is expected, "" where there is none.
        explanation: why, for a person to read.
        source: where that is known from.
        provenance: how it is known.
        affected: the classes, functions or formats in the model that it is about.
    """

    library: str
    trained: str | None
    serving: str | None
    verdict: Verdict
    rule: str
    outcome: Outcome
    message: str = ""
    explanation: str = ""
    source: str = ""
    provenance: Provenance = "inferred"
    affected: tuple[str, ...] = ()


_Order = tuple[int, int, int, str]


def judge(
    contents: Contents,
    trained: Mapping[str, str],
    onto: Mapping[str, str],
    *,
    trained_python: str,
    onto_python: str,
    complete: bool = False,
) -> tuple[LibraryVerdict, ...]:
    """What becomes of a model that was trained with some libraries and is loaded with others.

    Args:
        contents: of the model, see `reading.read_contents`. A version that the files themselves tell counts more than
            the one in `trained`.
        trained: versions by normalised name, of the environment that it was trained in.
        onto: versions by normalised name, of the environment that is to load it.
        trained_python: the version of Python that it was trained in.
        onto_python: the version of Python that is to load it.
        complete: whether `onto` lists all that is installed, so that what is not in it is missing.

    Returns:
        One verdict for each library that was there at training or is needed to read the files, and one for `python`.
        What happens first stands first: the first verdict is what a user of the model would see.
    """
    before = {**trained, **contents.told, PYTHON: trained_python}
    after = {**onto, PYTHON: onto_python}
    judged = [
        _judged(library, contents, before, after, complete=complete)
        for library in sorted(before.keys() | contents.libraries)
    ]
    return tuple(verdict for _, verdict in sorted(judged, key=lambda one: one[0]))


def _judged(
    library: str, contents: Contents, before: Mapping[str, str], after: Mapping[str, str], *, complete: bool
) -> tuple[_Order, LibraryVerdict]:
    """The verdict on a library, and when in the life of the model it shows."""
    trained, serving = before.get(library), after.get(library)
    if trained is not None and serving is not None:
        if _equal(library, trained, serving):
            return _in_order(_same(library, trained, serving))
        if library == PYTHON and _same_minor(trained, serving):
            return _in_order(_by_distance(library, trained, serving, holds=True))
        found = _first(list(strikes(library, contents, before, after)))
        if found is not None:
            return (*_order_of(found), library), _verdict(found, before, after)
    return _in_order(_without_rule(library, contents, trained, serving, complete=complete))


def _first(found: list[Strike]) -> Strike | None:
    """What happens first; general rules are asked only where the others are silent, or tell of the last bits only."""
    special = [strike for strike in found if not strike.rule.general]
    if all(strike.rule.outcome == "float_noise" for strike in special):
        special = found
    return min(special, key=_order_of, default=None)


def _order_of(strike: Strike) -> tuple[int, int, int]:
    return (_rank(strike.rule.outcome, _how_bad(strike.rule)), *strike.place)


def _rank(outcome: Outcome, verdict: Verdict) -> int:
    return _ORDER["unknown"] if verdict == "risky" else _ORDER[outcome]


def _in_order(verdict: LibraryVerdict) -> tuple[_Order, LibraryVerdict]:
    return (_rank(verdict.outcome, verdict.verdict), 0, 0, verdict.library), verdict


def _verdict(strike: Strike, before: Mapping[str, str], after: Mapping[str, str]) -> LibraryVerdict:
    rule = strike.rule
    return LibraryVerdict(
        library=rule.library,
        trained=before[rule.library],
        serving=after[rule.library],
        verdict=_how_bad(rule),
        rule=rule.id,
        outcome=rule.outcome,
        message=_message(strike, before, after),
        explanation=rule.explanation,
        source=rule.source,
        provenance="inferred" if rule.provenance == "measured" and _otherwise_kept(strike) else rule.provenance,
        affected=strike.affected,
    )


def _how_bad(rule: Rule) -> Verdict:
    if _ORDER[rule.outcome] <= _LAST_BREAKING:
        return "breaking"
    if rule.outcome == "unknown" or (rule.outcome == "warn_only" and rule.provenance != "measured"):
        return "risky"
    return "compatible"


def _otherwise_kept(strike: Strike) -> bool:
    """Whether it is about objects, which were measured in pickles, and they are kept in another format."""
    return not strike.rule.affects.formats and strike.format != PICKLE


def _message(strike: Strike, before: Mapping[str, str], after: Mapping[str, str]) -> str:
    fields = {
        "object": strike.at.rpartition(".")[2],
        "name": strike.at.rpartition(".")[2],
        "trained": before[strike.rule.library],
        "serving": after[strike.rule.library],
        "cpython": "cpython-" + "".join(after[PYTHON].split(".")[:2]),
    }
    message = strike.rule.message
    for field, value in fields.items():
        message = message.replace("{" + field + "}", value)
    return message


# Where no rule is about a change.


def _same(library: str, trained: str, serving: str) -> LibraryVerdict:
    return LibraryVerdict(
        library, trained, serving, "same", "SAME-VERSION", "ok", explanation="The version is the same."
    )


def _without_rule(
    library: str, contents: Contents, trained: str | None, serving: str | None, *, complete: bool
) -> LibraryVerdict:
    needed = library in contents.libraries
    if serving is None and needed and complete:
        return _missing(library, trained, contents.packages_of(library))
    if not needed and not contents.calls(library) and contents.files and not contents.unreadable:
        return _ok(library, trained, serving, "NOT-HELD", "The model's files hold nothing of it.")
    if trained is None or serving is None:
        return _unknown(library, trained, serving, "NOT-KNOWN", "One of the two versions is not known.")
    return _by_distance(library, trained, serving, holds=contents.holds_of(library) or not contents.files)


def _missing(library: str, trained: str | None, packages: tuple[str, ...]) -> LibraryVerdict:
    return LibraryVerdict(
        library,
        trained,
        None,
        "breaking",
        "MISSING",
        "load_error",
        message=f"No module named '{packages[-1]}'",
        explanation=f"It takes {library} to read the model's files, and it is not installed.",
        affected=packages,
    )


def _by_distance(library: str, trained: str, serving: str, *, holds: bool) -> LibraryVerdict:
    if not is_version(trained) or not is_version(serving):
        return _unknown(library, trained, serving, "NO-VERSION", "These are no versions that can be compared.")
    if _same_minor(trained, serving):
        return _ok(library, trained, serving, "PATCH-RELEASE", "It is another patch release; no rule is against it.")
    if Version(trained).major != Version(serving).major:
        return _unknown(library, trained, serving, "MAJOR-RELEASE", "It is another major release; no rule is about it.")
    if holds:
        why = "It is another minor release, and no promise is known that objects in files outlive it."
        return _unknown(library, trained, serving, "MINOR-RELEASE", why)
    return _ok(library, trained, serving, "CALLED", "Code in the model's files calls it; it is another minor release.")


def _ok(library: str, trained: str | None, serving: str | None, rule: str, explanation: str) -> LibraryVerdict:
    return LibraryVerdict(library, trained, serving, "compatible", rule, "ok", explanation=explanation)


def _same_minor(trained: str, serving: str) -> bool:
    if not is_version(trained) or not is_version(serving):
        return False
    return Version(trained).release[:2] == Version(serving).release[:2]


def _unknown(library: str, trained: str | None, serving: str | None, rule: str, explanation: str) -> LibraryVerdict:
    return LibraryVerdict(library, trained, serving, "risky", rule, "unknown", explanation=explanation)


def _equal(library: str, trained: str, serving: str) -> bool:
    """Whether two versions are the same; a Python `3.11` is any `3.11.7`."""
    if not is_version(trained) or not is_version(serving):
        return trained == serving
    one, other = Version(trained), Version(serving)
    if library == PYTHON and min(len(one.release), len(other.release)) == len(("major", "minor")):
        return one.release[:2] == other.release[:2]
    return one == other
