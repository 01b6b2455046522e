"""What tests may choose of the runtimes: which of them, and the image that it stands on.

Real: an image is the libraries of a Databricks Runtime, or pins of a test's own; a model is loaded with those. Refused:
an image in this very process, which has the libraries that are installed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal, TypeAlias, get_args

from fakebricks.databricks_runtimes import manifests
from fakebricks.environments.limits import Limits
from fakebricks.services.model_serving.records import ServingRuntime

RuntimeOption: TypeAlias = Literal["process", "virtualenv", "docker"]
"""Where models are loaded and scored."""

ImageOption: TypeAlias = str | Mapping[str, str]
"""The name of a Databricks Runtime, such as `15.4 LTS ML`, or versions by package; `python` is one, too."""

_PACKAGE = re.compile(r"[A-Z0-9]|[A-Z0-9][A-Z0-9._-]*[A-Z0-9]", re.ASCII | re.IGNORECASE)
_VERSION = re.compile(r"[0-9A-Z][0-9A-Z.!+_-]*", re.ASCII | re.IGNORECASE)
_PYTHON = re.compile(r"3\.\d{1,2}(\.\d{1,3})?", re.ASCII)


def chosen(runtime: str, image: ImageOption | None) -> ServingRuntime:
    """A runtime on an image.

    >>> chosen("virtualenv", {"Scikit_Learn": "1.3.2", "python": "3.11"})
    ServingRuntime(kind='virtualenv', image=None, pins={'python': '3.11', 'scikit-learn': '1.3.2'})

    Raises:
        ValueError: there is no such runtime or image, or the runtime has no images, or a limit on it in this process's
            environment is no number.
    """
    kinds = get_args(RuntimeOption)
    if runtime not in kinds:
        message = f"runtime={runtime!r} is not a choice; there are {', '.join(map(repr, kinds))}"
        raise ValueError(message)
    if runtime != "process":
        Limits.of_environment()
    if image is None:
        return ServingRuntime(kind=runtime)
    if runtime == "process":
        message = (
            f"runtime_image={image!r} needs runtime='virtualenv' or runtime='docker': in the process itself, models "
            "are loaded with the libraries that are installed here"
        )
        raise ValueError(message)
    if isinstance(image, str):
        return ServingRuntime(kind=runtime, image=manifests.find(image).name)
    return ServingRuntime(kind=runtime, pins=dict(sorted(_pin(*item) for item in _items(image))))


def libraries(runtime: ServingRuntime) -> tuple[Mapping[str, str], str | None]:
    """The versions of an image, by normalised name of the package, and its Python; None where it says nothing of it."""
    if runtime.image:
        manifest = manifests.find(runtime.image)
        return manifest.libraries, manifest.python
    return {name: version for name, version in runtime.pins.items() if name != "python"}, runtime.pins.get("python")


def _items(image: object) -> list[tuple[object, object]]:
    if not isinstance(image, Mapping) or not image:
        message = (
            f"runtime_image={image!r} is neither the name of a runtime, such as '15.4 LTS ML', nor versions by package"
        )
        raise ValueError(message)
    return list(image.items())


def _pin(package: object, version: object) -> tuple[str, str]:
    """A pin under the package's normalised name."""
    if not isinstance(package, str) or not _PACKAGE.fullmatch(package):
        message = f"runtime_image: {package!r} cannot be the name of a package"
        raise ValueError(message)
    name = re.sub(r"[-_.]+", "-", package).lower()
    if not isinstance(version, str) or not (_PYTHON if name == "python" else _VERSION).fullmatch(version):
        message = f"runtime_image: {version!r} cannot be a version of {package}; give one such as '1.3.2', and no range"
        raise ValueError(message)
    return name, version
