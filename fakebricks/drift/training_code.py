"""Training code that a model needs and does not have: classes that its files name and no package holds.

Real: the names in the files, the model's own `code`, and the packages that are known. Inferred: a module that is none
of these is the project's own; where a requirement might still bring it, that is said.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from fakebricks.drift.contents import Contents, distribution
from fakebricks.drift.findings import Finding
from fakebricks.drift.packages import OF_PYTHON, brought_by, distribution_of
from fakebricks.environments.logged import LoggedEnvironment, normalised
from fakebricks.environments.model_files import place

_MAIN = "__main__"


def missing_code(logged: LoggedEnvironment, contents: Contents) -> Iterator[Finding]:
    """The modules that the model's files or its loader name, and that neither the model nor any package holds."""
    _, unknown = brought_by(normalised(one) for one in logged.requirements)
    for module, names in needed_modules(logged, contents).items():
        if module == _MAIN:
            yield from map(_of_main, names)
        elif distribution_of(module) is None and not _named_alike(module, logged):
            yield _of_project(module, names, sorted(unknown))


def needed_modules(logged: LoggedEnvironment, contents: Contents) -> dict[str, list[str]]:
    """The top-level modules that it takes to load the model, without Python's and the model's own, with what they hold.

    What is needed of each are full names, in the order of the files.
    """
    own = _own_modules(logged)
    needed: defaultdict[str, list[str]] = defaultdict(list)
    loader = logged.flavors.get("python_function", {}).get("loader_module")
    names = [name for file in contents for name in sorted(file.names, key=file.names.__getitem__)]
    for name in [*names, *([loader] if isinstance(loader, str) else [])]:
        module = name.partition(".")[0]
        if module == _MAIN or not (module in own or module in OF_PYTHON):
            needed[module].append(name)
    return dict(needed)


def project_modules(logged: LoggedEnvironment, contents: Contents) -> frozenset[str]:
    """What the model's files name and is no library: its own modules, and those that are of no known package.

    They are called as distributions are, for comparison with `Contents.libraries`.
    """
    named = {name.partition(".")[0] for file in contents for name in file.names}
    own = _own_modules(logged)
    return frozenset(distribution(one) for one in named if one in own or distribution_of(one) is None)


def _own_modules(logged: LoggedEnvironment) -> set[str]:
    """The modules below the model's code folders, which are put on the path when it is loaded."""
    own: set[str] = set()
    for folder in logged.code_paths:
        directory = place(logged.directory, folder)
        if directory is not None and directory.is_dir():
            own |= {_module_name(entry) for entry in directory.iterdir()}
    return own


def _module_name(entry: Path) -> str:
    return entry.name if entry.is_dir() else entry.name.partition(".")[0]


def _named_alike(module: str, logged: LoggedEnvironment) -> bool:
    return module.lower().replace("_", "-") in {normalised(one) for one in logged.requirements}


def _of_main(name: str) -> Finding:
    attribute = name.partition(".")[2]
    return Finding(
        "training code is not in the model",
        name,
        "breaking",
        f"{attribute} was defined in the notebook or script that trained the model, and was stored by its name only: "
        f"AttributeError: Can't get attribute '{attribute}' on <module '__main__'>. Define it in a module, and log "
        "the model with code_paths.",
        everywhere=True,
    )


def _of_project(module: str, names: list[str], unknown: list[str]) -> Finding:
    perhaps = f" It is none of a known package; perhaps {' or '.join(unknown[:3])} brings it." if unknown else ""
    return Finding(
        "training code is not in the model",
        module,
        "risky" if unknown else "breaking",
        f"The model needs {names[0]}, and neither its code_paths nor its requirements hold that: "
        f"ModuleNotFoundError: No module named '{module}'.{perhaps} Log the model with code_paths.",
        everywhere=True,
    )
