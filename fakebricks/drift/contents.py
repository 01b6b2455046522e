"""What a model's files hold: objects by the names of their classes, and what of them decides how they age.

Real: read from the files themselves, see `reading`. Nothing here is executed or imported.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

PICKLE = "pickle"
SKOPS = "skops"
HOLDING_OBJECTS = frozenset({PICKLE, SKOPS})
"""Formats that keep objects of Python by the names of their classes."""

IMPORT_NAMES = {"sklearn": "scikit-learn"}
"""Packages whose distribution is called otherwise than they are imported."""


@dataclass(frozen=True)
class Trait:
    """An attribute of an object in a file.

    Attributes:
        text: its value: a literal as Python writes it, `ndarray(1, 5)` with the shape, `<class>` for another object.
        position: where in the file it stands, in bytes.
    """

    text: str
    position: int


@dataclass(frozen=True)
class Held:
    """An object in a file.

    Attributes:
        class_name: the full name of its class, `sklearn.svm._classes.SVC`.
        position: where in the file it is made, in bytes.
        traits: its attributes by name.
    """

    class_name: str
    position: int
    traits: Mapping[str, Trait] = field(default_factory=dict)

    @property
    def short_name(self) -> str:
        return self.class_name.rpartition(".")[2]


@dataclass(frozen=True)
class ModelFile:
    """One file of a model, read.

    Attributes:
        path: within the model's directory.
        format: `pickle`, `skops`, `xgboost json`, `xgboost ubj`, `lightgbm text`, `torch`, `keras`, `onnx`.
        held: the objects in it, in the order in which they are made.
        names: what is imported to read it, `module.name`, each with where in the file it is first asked for.
        by_value: functions and classes whose code itself is in the file.
        told: versions by library that the file says it was written with.
    """

    path: str
    format: str
    held: tuple[Held, ...] = ()
    names: Mapping[str, int] = field(default_factory=dict)
    by_value: tuple[str, ...] = ()
    told: Mapping[str, str] = field(default_factory=dict)

    @property
    def libraries(self) -> frozenset[str]:
        """The libraries that it takes to read it, by the names of their distributions."""
        packages = {name.partition(".")[0] for name in self.names} | {self.format.partition(" ")[0]}
        return frozenset(IMPORT_NAMES.get(one, one.lower()) for one in packages - {PICKLE})


@dataclass(frozen=True)
class UnreadableFile:
    """A file of a model that looks like one that holds objects and cannot be read."""

    path: str
    reason: str


@dataclass(frozen=True)
class Contents:
    """What is in the files of a model.

    Attributes:
        files: those that hold the model; other files, such as `MLmodel`, are none of them.
        unreadable: those that are damaged, too large, or not what they claim to be, with the reasons.
    """

    files: tuple[ModelFile, ...] = ()
    unreadable: tuple[UnreadableFile, ...] = ()

    @property
    def libraries(self) -> frozenset[str]:
        """The libraries that it takes to read the files, by the names of their distributions."""
        return frozenset(library for file in self.files for library in file.libraries)

    @property
    def told(self) -> Mapping[str, str]:
        """Versions by library that the files say they were written with; the first one of a library counts."""
        return {library: version for file in reversed(self.files) for library, version in file.told.items()}

    @property
    def by_value(self) -> tuple[str, ...]:
        """Functions and classes whose code itself is in the files."""
        return tuple(name for file in self.files for name in file.by_value)

    def __iter__(self) -> Iterator[ModelFile]:
        return iter(self.files)
