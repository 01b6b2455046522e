"""What a model's files hold: objects by the names of their classes, and what of them decides how they age.

Real: read from the files themselves, see `reading`. Nothing here is executed or imported.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

PICKLE = "pickle"
SKOPS = "skops"
HOLDING_OBJECTS = frozenset({PICKLE, SKOPS})
"""Formats that keep objects of Python by the names of their classes."""

DISTRIBUTIONS = {
    "_loss": "scikit-learn",  # pickles of 1.5 and later have it so
    "PIL": "pillow",
    "cv2": "opencv-python",
    "google": "protobuf",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
}
"""Packages whose distribution is called otherwise than they are imported."""


NO_LIBRARIES = frozenset({PICKLE, "__main__", "copy_reg"})
"""What a name can begin with that is no package of a distribution; `copy_reg` is an old name of Python's own."""


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
        position: where in the file it begins, in bytes.
        traits: its attributes by name.
        end: where it is complete; an object that begins before is part of it.
    """

    class_name: str
    position: int
    traits: Mapping[str, Trait] = field(default_factory=dict)
    end: int = 0

    def has(self, other: Held) -> bool:
        """Whether another object of the same file is part of it."""
        return self.position < other.position < self.end


@dataclass(frozen=True)
class ModelFile:
    """One file of a model, read.

    Attributes:
        path: within the model's directory.
        format: `pickle`, `skops`, `xgboost json`, `xgboost ubj`, `lightgbm text`, `torch`, `keras`, `onnx`.
        held: the objects in it, in the order in which they are made.
        names: what is imported to read it, `module.name`, each with where in the file it is first asked for.
        by_value: functions and classes whose code itself is in the file.
        called: the names that this code uses, packages that it imports among them.
        told: versions by library that the file says it was written with.
    """

    path: str
    format: str
    held: tuple[Held, ...] = ()
    names: Mapping[str, int] = field(default_factory=dict)
    by_value: tuple[str, ...] = ()
    called: frozenset[str] = frozenset()
    told: Mapping[str, str] = field(default_factory=dict)

    @property
    def packages(self) -> frozenset[str]:
        """The packages that it takes to read it, by the names by which they are imported; Python's own are none."""
        packages = {name.partition(".")[0] for name in self.names} | {self.format.partition(" ")[0]}
        return frozenset(packages - sys.stdlib_module_names - NO_LIBRARIES)

    @property
    def libraries(self) -> frozenset[str]:
        """The libraries that it takes to read it, by the names of their distributions."""
        return frozenset(map(distribution, self.packages))


def distribution(package: str) -> str:
    """The name of the distribution that brings a package."""
    return DISTRIBUTIONS.get(package, package.lower().replace("_", "-"))


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

    def packages_of(self, library: str) -> tuple[str, ...]:
        """The packages of a library that it takes to read the files, by the names by which they are imported."""
        packages = {package for file in self.files for package in file.packages}
        return tuple(sorted(package for package in packages if distribution(package) == library))

    @property
    def told(self) -> Mapping[str, str]:
        """Versions by library that the files say they were written with; the first one of a library counts."""
        return {library: version for file in reversed(self.files) for library, version in file.told.items()}

    @property
    def by_value(self) -> tuple[str, ...]:
        """Functions and classes whose code itself is in the files."""
        return tuple(name for file in self.files for name in file.by_value)

    def calls(self, library: str) -> bool:
        """Whether code that is in the files may call a library; all names in the code are taken for packages."""
        return any(distribution(name) == library for file in self.files for name in file.called)

    def holds_of(self, library: str) -> bool:
        """Whether objects of a library are in the files, not only its name in code."""
        names = (name for file in self.files for name in (*file.names, f"{file.format} file"))
        return any(
            distribution(one.partition(".")[0].partition(" ")[0]) == library
            for one in names
            if "." in one or " " in one
        )

    def __iter__(self) -> Iterator[ModelFile]:
        return iter(self.files)
