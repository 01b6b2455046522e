"""What a model was logged with: the libraries, the Python and the code that its files name.

Real: read from `MLmodel`, `requirements.txt` with the files that it names, `conda.yaml` and `python_env.yaml`, as
MLflow writes and reads them. Nothing is imported, run or fetched. Where there is no `requirements.txt`, the pip part of
`conda.yaml` stands for it, as for MLflow.
Inferred: a package that `conda.yaml` names outside its pip part is called on the package index as in conda.

Needs PyYAML and packaging, which load late.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fakebricks.environments.conda import Conda, read_conda
from fakebricks.environments.flavors import check_flavors, versions_of_flavors
from fakebricks.environments.model_files import UnusableModelError, read_yaml
from fakebricks.environments.requirement_lines import LeftOut, Lines, read_requirements
from fakebricks.environments.specs import EnvironmentSpec

if TYPE_CHECKING:
    from packaging.requirements import Requirement

_PYTHON = re.compile(r"\d+\.\d+(\.\d+)?")
_PINNING = ("==", "===")
# Distributions of the same library: where a runtime lists one, it has the library.
_EQUIVALENT = {
    "mlflow": "mlflow-skinny",
    "tensorflow": "tensorflow-cpu",
    "tensorflow-cpu": "tensorflow",
    "xgboost": "xgboost-cpu",
    "xgboost-cpu": "xgboost",
}


@dataclass(frozen=True)
class LoggedEnvironment:
    """What a model was logged with.

    Attributes:
        directory: the model's.
        flavors: what `MLmodel` says of each flavor.
        mlflow: the version of MLflow that has written the model, if told.
        python: the Python that the environment files ask for, or else `trained_python`; None if not told.
        trained_python: the Python that the model was trained with, if told.
        requirements: what is to be installed, in order.
        constraints: what is asked of a package if something brings it in.
        conda: what `conda.yaml` says, if there is one.
        code_paths: folders of the model that are importable when it is loaded, within the model's directory.
        left_out: lines that cannot be installed.
        from_conda: whether the requirements are those of `conda.yaml`, for want of a `requirements.txt`.
    """

    directory: Path
    flavors: Mapping[str, Mapping[str, Any]]
    mlflow: str | None
    python: str | None
    trained_python: str | None
    requirements: tuple[Requirement, ...]
    constraints: tuple[Requirement, ...]
    conda: Conda | None
    code_paths: tuple[str, ...]
    left_out: tuple[LeftOut, ...]
    from_conda: bool

    @property
    def pinned(self) -> dict[str, str]:
        """The versions that requirements and constraints pin, by normalised name."""
        pinned = {normalised(one): version for one in self.constraints if (version := pinned_version(one))}
        return pinned | {normalised(one): version for one in self.requirements if (version := pinned_version(one))}

    @property
    def trained(self) -> dict[str, str]:
        """The versions of the libraries that the model was trained with, by normalised name, as far as they are told.

        What a flavor has noted was read off the training process; it goes before what is pinned.
        """
        noted = versions_of_flavors(self.flavors)
        mlflow = {"mlflow": self.mlflow} if self.mlflow else {}
        return {**self.pinned, **mlflow, **noted}

    def spec(self, pins: Mapping[str, str] | None = None, *, python: str | None = None) -> EnvironmentSpec:
        """The environment to load the model in.

        Args:
            pins: versions by normalised name, of a runtime for example, that go before the model's own.
            python: the version of Python to take instead of the model's own.

        Raises:
            UnusableModelError: a requirement cannot be installed from a package index, or no file tells the Python.
        """
        fatal = [str(one) for one in self.left_out if one.fatal]
        if fatal:
            raise UnusableModelError(f"The model's requirements cannot be installed. {'; '.join(fatal)}.")
        chosen = python or self.python
        if chosen is None:
            raise UnusableModelError("Neither python_env.yaml nor conda.yaml nor MLmodel tells the version of Python.")
        if not self.requirements:
            raise UnusableModelError("The model has no requirements.txt, and no conda.yaml with a pip section.")
        return EnvironmentSpec(chosen, self._lines(), self._pins(pins or {}))

    def _lines(self) -> tuple[str, ...]:
        """The requirements, and the constraints that no pin can say: what they are about is installed in any case."""
        open_ended = [one for one in self.constraints if not pinned_version(one)]
        return tuple(map(str, (*self.requirements, *open_ended)))

    def _pins(self, chosen: Mapping[str, str]) -> dict[str, str]:
        """The chosen pins, also by the names by which the model asks for the libraries, and what constraints pin.

        A local version, such as the `cpu` of `2.3.1+cpu`, is of an index of its own, and is left away.
        """
        public = {name: version.partition("+")[0] for name, version in chosen.items()}
        asked = {normalised(one) for one in self.requirements}
        for name, other in _EQUIVALENT.items():
            if name in asked and name not in public and other in public:
                public[name] = public[other]
        constrained = {normalised(one): version for one in self.constraints if (version := pinned_version(one))}
        return {**constrained, **public}


def logged_environment(directory: Path) -> LoggedEnvironment:
    """What the model in a directory was logged with.

    Raises:
        UnusableModelError: there is no model in it, or a file of it cannot be understood.
    """
    mlmodel = _mlmodel(directory)
    flavors = check_flavors(mlmodel)
    files = _environment_files(flavors)
    conda = read_conda(directory, files["conda"])
    lines = read_requirements(directory, "requirements.txt")
    from_conda = lines is None and conda is not None
    if lines is None:
        lines = conda.pip if conda else Lines()
    virtualenv = read_yaml(directory, files["virtualenv"]) or {}
    trained_python = _python(flavors.get("python_function", {}).get("python_version"))
    return LoggedEnvironment(
        directory=directory,
        flavors=flavors,
        mlflow=_text(mlmodel.get("mlflow_version")),
        python=_python(virtualenv.get("python")) or (conda.python if conda else None) or trained_python,
        trained_python=trained_python,
        requirements=(*lines.requirements, *_of_conda(conda, lines)),
        constraints=tuple(lines.constraints),
        conda=conda,
        code_paths=tuple(_code_paths(flavors)),
        left_out=(*lines.left_out, *(conda.left_out if conda else ())),
        from_conda=from_conda,
    )


def normalised(requirement: Requirement) -> str:
    """The name of the package that a requirement is about, as the manifests of runtimes write it."""
    from packaging.utils import canonicalize_name

    return canonicalize_name(requirement.name)


def pinned_version(requirement: Requirement) -> str | None:
    """The one version that a requirement allows; None where it allows several."""
    for specifier in requirement.specifier:
        if specifier.operator in _PINNING and not specifier.version.endswith(".*"):
            return specifier.version
    return None


def _mlmodel(directory: Path) -> dict[str, Any]:
    if not directory.is_dir():
        raise UnusableModelError(f"{directory} is not a directory.")
    mlmodel = read_yaml(directory, "MLmodel")
    if mlmodel is None:
        raise UnusableModelError(f"{directory} holds no model: there is no file MLmodel in it.")
    return mlmodel


def _environment_files(flavors: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """The names of the environment files, which MLflow before 2.0 told as the one of conda's."""
    told = flavors.get("python_function", {}).get("env")
    named = told if isinstance(told, dict) else {"conda": told}
    told_names = {kind: name for kind, name in named.items() if isinstance(name, str)}
    return {"conda": "conda.yaml", "virtualenv": "python_env.yaml", **told_names}


def _of_conda(conda: Conda | None, lines: Lines) -> list[Requirement]:
    """What conda would install besides, and pip is not asked for."""
    asked = {normalised(one) for one in lines.requirements}
    return [one for one in conda.packages if normalised(one) not in asked] if conda else []


def _code_paths(flavors: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """The folders with code of the model; each flavor that has one names the same."""
    named = dict.fromkeys(code for flavor in flavors.values() if isinstance(code := flavor.get("code"), str) and code)
    yield from named


def _python(told: Any) -> str | None:
    """A version of Python; YAML reads an unquoted `3.11` as a number, and 3.10 as 3.1, which is no Python in use."""
    text = _text(told)
    return text if text and _PYTHON.fullmatch(text) else None


def _text(told: Any) -> str | None:
    return str(told).strip() or None if isinstance(told, str | int | float) and not isinstance(told, bool) else None
