"""The endpoint of a deployment, as its callers and its team meet it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fakebricks.contracts import examples
from fakebricks.contracts.calling import Client, Exchange, RefusedError, part
from fakebricks.contracts.deployment import Deployment
from fakebricks.contracts.making import ENDPOINTS, NotAModelError, read_model, register, settled
from fakebricks.contracts.parameters import ParameterError
from fakebricks.contracts.scenarios import NotApplicable

_KEPT = (
    "name",
    "entity_name",
    "entity_version",
    "workload_size",
    "workload_type",
    "scale_to_zero_enabled",
    "min_provisioned_concurrency",
    "max_provisioned_concurrency",
    "environment_vars",
)
"""What of an entity's answer is also a part of a request."""


class ServedEndpoint:
    """An endpoint that serves.

    Args:
        deployment: of which it is.
        token: whose requests these are; the workspace's own user's by default.

    Raises:
        NotApplicable: it does not serve.
    """

    def __init__(self, deployment: Deployment, token: str | None = None) -> None:
        self.client = Client(deployment.workspace, token)
        self._deployment = deployment
        self._name = part(deployment.endpoint)
        if deployment.config.get("state", {}).get("ready") != "READY":
            raise NotApplicable("the endpoint does not serve")

    @property
    def path(self) -> str:
        """Where it is managed."""
        return f"{ENDPOINTS}/{self._name}"

    def ask(self, body: bytes | None = None, *, entity: str | None = None, wait: bool = True) -> Exchange:
        """Ask the model.

        Args:
            body: of the request; one that the model is to answer by default.
            entity: the name of the served entity that is asked, whatever the traffic split.
            wait: for the answer; otherwise more can be asked meanwhile.

        Raises:
            NotApplicable: there is no body, and the model has neither an input example nor a signature.
        """
        content = examples.body(self._deployment) if body is None else body
        way = f"served-models/{part(entity)}/" if entity else ""
        return self.client.call("POST", f"/serving-endpoints/{self._name}/{way}invocations", content, wait=wait)

    def ask_at_once(self, count: int) -> list[Exchange]:
        """Ask the model several times before the first answer is there; none waits for another.

        Raises:
            NotApplicable: the model answers so fast here that its requests do not meet.
        """
        clock = self._deployment.workspace.clock
        began, answers, arrived = clock.time(), [], 0.0
        for _ in range(count):
            arrived = clock.time() - began
            answers.append(self.ask(wait=False))
        served = [one.seconds for one in answers if one.ok]
        if served and min(served) < arrived:
            message = (
                f"the model answers so fast here that {count} requests are not in flight at once; say how long it "
                "takes in production, such as a fifth of a second: fakebricks check --serving model=0.2, or in a test "
                'a workspace with serving={"model": 0.2}'
            )
            raise NotApplicable(message)
        clock.advance(seconds=max(one.seconds for one in answers))
        return answers

    def must_answer(self) -> Exchange:
        """Ask the model, where the scenario needs an answer.

        Raises:
            NotApplicable: it answers its own example with an error, which is another scenario's matter.
        """
        exchange = self.ask()
        if exchange.ok:
            return exchange
        refused = f"is answered with {exchange.status}: {exchange.message[:200]}"
        if self._deployment.input_example is None:
            raise NotApplicable(f"a request made up from the signature {refused}; log the model with an input_example")
        raise NotApplicable(f"the model's input example {refused}")

    def candidate(self, directory: str = "") -> dict[str, Any]:
        """An entity, called `candidate`, of a next version, as a request to serve it beside the others would say it.

        Args:
            directory: of its model; the deployment's own once more by default.

        Raises:
            ParameterError: there is no model in the directory.
            RefusedError: the workspace refuses the version.
        """
        root = Path(directory) if directory else self._deployment.directory
        try:
            read_model(root)
        except NotAModelError as error:
            raise ParameterError(f"candidate={directory!r} is the directory of a next version: {error}") from None
        version = register(self.client, self._deployment.model, root)
        return {**self.own(), "name": "candidate", "entity_version": version}

    def config(self) -> dict[str, Any]:
        """Its configuration, as the API answers it."""
        config: dict[str, Any] = self.client.told("GET", self.path)["config"]
        return config

    def entities(self) -> list[dict[str, Any]]:
        """What it serves, as a request to serve the same would say it."""
        told = self.config()["served_entities"]
        return [{name: one[name] for name in _KEPT if one.get(name) is not None} for one in told]

    def own(self) -> dict[str, Any]:
        """What it serves of the deployment's own version, likewise."""
        served = (self._deployment.model, self._deployment.version)
        return next(one for one in self.entities() if (one.get("entity_name"), one.get("entity_version")) == served)

    def inference_table(self) -> str | None:
        """The full name of the table in which requests are logged; None where they are not."""
        config = self._deployment.config
        of_gateway = config.get("ai_gateway", {}).get("inference_table_config")
        told: dict[str, Any] | None = of_gateway or config.get("config", {}).get("auto_capture_config")
        if not told or not told.get("enabled"):
            return None
        prefix = told.get("table_name_prefix") or self._deployment.endpoint
        return f"{told['catalog_name']}.{told['schema_name']}.{prefix}_payload"

    def update(self, entities: list[dict[str, Any]], **percentages: int) -> Exchange:
        """Ask for another configuration, without waiting for it.

        Args:
            entities: what is to be served.
            percentages: of the traffic, by the name of the entity; all to the first one by default.
        """
        split = percentages or {one["name"]: 0 if number else 100 for number, one in enumerate(entities)}
        routes = [{"served_model_name": name, "traffic_percentage": share} for name, share in split.items()]
        body = {"served_entities": entities, "traffic_config": {"routes": routes}}
        return self.client.call("PUT", f"{self.path}/config", body)

    def updated(self, entities: list[dict[str, Any]], **percentages: int) -> dict[str, Any]:
        """Ask for another configuration, and wait until it serves or has failed.

        Raises:
            RefusedError: it is refused.
        """
        exchange = self.update(entities, **percentages)
        if not exchange.ok:
            raise RefusedError(exchange)
        return self.settled()

    def settled(self) -> dict[str, Any]:
        """The endpoint, once it is deployed or has failed to."""
        return settled(self.client, self._deployment.endpoint)
