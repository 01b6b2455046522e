"""Deployments, out of a model's directory alone, or out of an endpoint that a workspace has.

Real: the model is registered and served through the API, in simulated time. What the workspace refuses, and a model
that does not load, is found about the deployment, which then does not serve.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote

from fakebricks.contracts.calling import Client, RefusedError, part
from fakebricks.contracts.deployment import Deployment
from fakebricks.contracts.findings import Evidence, Finding
from fakebricks.workspace import Workspace

ENDPOINTS = "/api/2.0/serving-endpoints"
_MODELS = "/api/2.1/unity-catalog/models"
_VERSIONS = "/api/2.0/mlflow/unity-catalog/model-versions"
_FILES, _DIRECTORIES = "/api/2.0/fs/files", "/api/2.0/fs/directories"
_LEVELS = 3
_POLLS = 300

RULES = {
    "deployment/refused": "The workspace refuses to register the model, or to serve it.",
    "deployment/does-not-load": "The endpoint does not become READY, because the model does not load.",
}
"""What may be found about a deployment before any scenario is run."""


class NotAModelError(ValueError):
    """There is no MLflow model that could be deployed."""


def deploy_model(workspace: Workspace, directory: Path | str, name: str = "model", **entity: Any) -> Deployment:
    """Register a model as `main.default.<name>`, and serve it by an endpoint of that name with one entity.

    Args:
        workspace: where.
        directory: of the model.
        name: of the model and of the endpoint.
        entity: more fields of the served entity, such as `scale_to_zero_enabled`.

    Raises:
        NotAModelError: there is no model in the directory.
    """
    root = Path(directory)
    signature, example = read_model(root)
    client, model = Client(workspace), f"main.default.{name}"
    deployment = Deployment(workspace, name, model, "", root, signature, example, {})
    try:
        deployment.version = register(client, model, root)
        served: dict[str, Any] = {"entity_name": model, "entity_version": deployment.version, "workload_size": "Small"}
        served |= {"scale_to_zero_enabled": False, **entity}
        client.told("POST", ENDPOINTS, {"name": name, "config": {"served_entities": [served]}})
    except RefusedError as refused:
        deployment.found(_refused(deployment, refused))
        return deployment
    deployment.config = settled(client, name)
    if deployment.config["state"]["config_update"] == "UPDATE_FAILED":
        deployment.found(_does_not_load(client, deployment))
    return deployment


@contextmanager
def deployed(workspace: Workspace, endpoint: str) -> Iterator[Deployment]:
    """The deployment that an endpoint of a workspace is, of its entity with the most traffic; with a copy of its files.

    Raises:
        LookupError: there is no such endpoint.
        NotAModelError: it serves no model of Unity Catalog.
    """
    client = Client(workspace)
    answer = client.call("GET", f"{ENDPOINTS}/{part(endpoint)}")
    if not answer.ok:
        raise LookupError(answer.message)
    config = settled(client, endpoint)
    model, version = _mostly_served(config)
    with TemporaryDirectory(prefix="fakebricks-contract-") as directory:
        root = Path(directory)
        download(client, model, version, root)
        signature, example = read_model(root)
        yield Deployment(workspace, endpoint, model, version, root, signature, example, config)


def register(client: Client, model: str, directory: Path) -> str:
    """The number of a new version of a model, which is made if need be, with the files of a directory.

    Raises:
        NotAModelError: a file cannot be read.
        RefusedError: the workspace refuses it.
    """
    if not client.call("GET", f"{_MODELS}/{model}").ok:
        create_model(client, model)
    return add_version(client, model, directory)


def create_model(client: Client, model: str) -> None:
    """Make a registered model, by its full name.

    Raises:
        RefusedError: the workspace refuses it.
    """
    catalog, schema, name = model.split(".")
    client.told("POST", _MODELS, {"catalog_name": catalog, "schema_name": schema, "name": name})


def add_version(client: Client, model: str, directory: Path) -> str:
    """The number of a new version of a registered model, with the files of a directory.

    Raises:
        NotAModelError: a file cannot be read.
        RefusedError: the workspace refuses it.
    """
    version = _begin_version(client, model)
    for path in sorted(one for one in directory.rglob("*") if one.is_file()):
        place = quote(f"{_place(model, version)}/{path.relative_to(directory).as_posix()}")
        client.told("PUT", f"{_FILES}{place}?overwrite=true", _content(path))
    client.told("POST", f"{_VERSIONS}/finalize", {"name": model, "version": version})
    return version


def skip_version(client: Client, model: str) -> None:
    """Use up a number: a registry counts, and no number comes twice.

    Raises:
        RefusedError: the workspace refuses it.
    """
    client.told("DELETE", f"{_VERSIONS}/delete", {"name": model, "version": _begin_version(client, model)})


def _begin_version(client: Client, model: str) -> str:
    body = {"name": model, "source": "dbfs:/fakebricks/model"}
    return str(client.told("POST", f"{_VERSIONS}/create", body)["model_version"]["version"])


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise NotAModelError(f"{path}: a file of the model cannot be read: {error.strerror or error}") from None


def download(client: Client, model: str, version: str, directory: Path) -> None:
    """Put the files of a version into a directory.

    Raises:
        RefusedError: the workspace refuses it.
    """
    _download(client, _place(model, version), directory)


def read_model(directory: Path) -> tuple[Any, bytes | None]:
    """The signature of a model, and a request with its input example, as far as it has them.

    Raises:
        NotAModelError: there is no model in the directory.
    """
    from mlflow.exceptions import MlflowException
    from mlflow.models import Model

    _check_form(directory)
    try:
        model = Model.load(str(directory))
    except (MlflowException, TypeError, ValueError, KeyError, AttributeError) as error:
        raise NotAModelError(f"{directory / 'MLmodel'} cannot be read: {error}") from None
    told = (model.saved_input_example_info or {}).get("serving_input_path")
    file = directory / told if told else None
    return model.signature, file.read_bytes() if file and file.is_file() else None


def _check_form(directory: Path) -> None:
    """MLflow's own errors would be about its insides."""
    import yaml

    file = directory / "MLmodel"
    if not file.is_file():
        raise NotAModelError(f"{directory} is no directory of an MLflow model: it has no file MLmodel")
    try:
        told = yaml.safe_load(file.read_bytes())
    except yaml.MarkedYAMLError as error:
        line = f":{error.problem_mark.line + 1}" if error.problem_mark else ""
        raise NotAModelError(f"{file}{line}: this is not YAML: {error.problem or error.context}") from None
    except (yaml.YAMLError, OSError, ValueError) as error:
        raise NotAModelError(f"{file}: this is not YAML: {' '.join(str(error).split())}") from None
    flavors = told.get("flavors") if isinstance(told, dict) else None
    if not isinstance(flavors, dict) or not flavors:
        raise NotAModelError(f"{file} describes no MLflow model: it has no flavors")
    served = flavors.get("python_function")
    if not isinstance(served, dict) or not isinstance(served.get("loader_module"), str):
        raise NotAModelError(f"{file} has no flavor 'python_function' with a 'loader_module', which serving calls")


def settled(client: Client, endpoint: str) -> dict[str, Any]:
    """An endpoint once it is deployed, or has failed to."""
    path = f"{ENDPOINTS}/{part(endpoint)}"
    for _ in range(_POLLS):
        told: dict[str, Any] = client.told("GET", path)
        if told["state"]["config_update"] != "IN_PROGRESS":
            break
        client.wait(minutes=1)
    return told


def _mostly_served(config: dict[str, Any]) -> tuple[str, str]:
    told = config.get("config") or config.get("pending_config") or {}
    routes = {
        one.get("served_entity_name") or one.get("served_model_name"): one["traffic_percentage"]
        for one in told.get("traffic_config", {}).get("routes", ())
    }
    entities = sorted(told.get("served_entities", ()), key=lambda one: -routes.get(one["name"], 0))
    own = [one for one in entities if one.get("entity_name", "").count(".") == _LEVELS - 1 and "entity_version" in one]
    if not own:
        raise NotAModelError(f"the endpoint {config['name']!r} serves no model of Unity Catalog, so none is checked")
    return own[0]["entity_name"], str(own[0]["entity_version"])


def _place(model: str, version: str) -> str:
    return f"/Models/{model.replace('.', '/')}/{version}"


def _download(client: Client, place: str, root: Path) -> None:
    root.mkdir(exist_ok=True)
    for entry in client.told("GET", f"{_DIRECTORIES}{quote(place)}").get("contents", ()):
        target = root / entry["path"].rpartition("/")[2]
        if entry["is_directory"]:
            _download(client, entry["path"], target)
        else:
            target.write_bytes(client.call("GET", f"{_FILES}{quote(entry['path'])}").body)


def _refused(deployment: Deployment, refused: RefusedError) -> Finding:
    return Finding(
        rule="deployment/refused",
        message=f"{deployment.model} cannot be deployed: {refused.exchange.message}",
        fix="Mend what the message says, and log the model anew.",
        evidence=(refused.exchange.evidence("The workspace refuses it", "2xx"),),
    )


def _does_not_load(client: Client, deployment: Deployment) -> Finding:
    failed = next(
        one
        for one in deployment.config["pending_config"]["served_entities"]
        if one["state"]["deployment"] == "DEPLOYMENT_FAILED"
    )
    message = failed["state"]["deployment_state_message"]
    logs = f"{ENDPOINTS}/{part(deployment.endpoint)}/served-models/{part(failed['name'])}/logs"
    log = client.told("GET", f"{logs}?config_version={deployment.config['pending_config']['config_version']}")["logs"]
    return Finding(
        rule="deployment/does-not-load",
        message=f"{deployment.model}/{deployment.version} does not load: {message}",
        fix="See that what the model imports is in its requirements or code_paths, and load it on another machine.",
        evidence=(Evidence("The log of the served entity", answer=log[-4000:], expected="READY"),),
    )
