"""Which runtime each endpoint is served by: the workspace's own, or the one that a test chose for it.

A choice takes effect when the endpoint is deployed next; it is part of a snapshot, and outlives the endpoint.
"""

from __future__ import annotations

from msgspec.structs import replace

from fakebricks.services.model_serving.configuration import check_endpoint_name
from fakebricks.services.model_serving.records import Config, ServingRuntime
from fakebricks.services.model_serving.runtimes.choice import ImageOption, chosen
from fakebricks.state import State
from fakebricks.wire.errors import InvalidParameterValue


class ServingRuntimes:
    """The choices of one workspace."""

    def __init__(self, state: State, default: ServingRuntime) -> None:
        self._chosen = state.table("serving_runtimes", ServingRuntime)
        self._default = default

    def choose(self, endpoint: str, runtime: str, image: ImageOption | None) -> ServingRuntime:
        """Let an endpoint be served by a runtime from its next deployment on.

        Raises:
            ValueError: there is no such runtime or image, or no endpoint can be called so.
        """
        choice = chosen(runtime, image)
        try:
            check_endpoint_name(endpoint)
        except InvalidParameterValue as error:
            raise ValueError(error.message) from None
        self._chosen.put((endpoint,), choice)
        return choice

    def of(self, endpoint: str) -> ServingRuntime:
        """What the next deployment of an endpoint is served by."""
        return self._chosen.get((endpoint,)) or self._default

    def given(self, endpoint: str, config: Config) -> Config:
        """A configuration that is about to be deployed, with what each of its entities is to be served by."""
        runtime = self.of(endpoint)
        entities = (replace(one, runtime=runtime) for one in config.served_entities)
        return replace(config, served_entities=tuple(entities))
