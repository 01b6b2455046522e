"""What there is to see of endpoints beside their state: events, and what is measured of their entities."""

from __future__ import annotations

from fakebricks.services.model_serving import lifecycle
from fakebricks.services.model_serving.history import History
from fakebricks.services.model_serving.in_flight import InFlight, Place
from fakebricks.services.model_serving.measures import Sampled
from fakebricks.services.model_serving.progress import Step
from fakebricks.services.model_serving.serving_endpoints import ServingEndpoints


class Observability:
    """Looks at the endpoints of one workspace."""

    def __init__(self, endpoints: ServingEndpoints, in_flight: InFlight, history: History) -> None:
        self._endpoints = endpoints
        self._in_flight = in_flight
        self._history = history

    def samples(self, name: str, now: float) -> list[Sampled]:
        """What is measured of the entities that an endpoint serves; nothing where it serves none.

        Raises:
            ResourceDoesNotExist: there is no such endpoint.
        """
        endpoint = self._endpoints.get(name)
        config = endpoint.config
        if config is None or endpoint.suspended:
            return []
        places = [Place(endpoint, config, entity) for entity in config.served_entities]
        return [Sampled(name, place.entity.name, self._in_flight.load(place, now)) for place in places]

    def events(self, name: str, now: float) -> tuple[list[Step], float | None]:
        """All that has happened to an endpoint, the newest first, and when more will, if it is in transition.

        Raises:
            ResourceDoesNotExist: there is no such endpoint.
        """
        endpoint = self._endpoints.get(name)
        return self._history.steps(endpoint, now), lifecycle.awaits(endpoint)
