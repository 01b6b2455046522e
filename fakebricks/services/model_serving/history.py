"""What has happened to endpoints: their updates, and what else somebody did to them.

Real: every update that there was, and how it ended. Observed: that there is an operation for events. Inferred: the
shape of its reply, that it has the newest events first, and the texts of those that are about no deployment.
"""

from __future__ import annotations

from fakebricks.services.model_serving import progress
from fakebricks.services.model_serving.progress import Step
from fakebricks.services.model_serving.records import BuildLog, Endpoint, Happened, ServedEntity, Update
from fakebricks.state import State


class History:
    """The past of the endpoints of one workspace, for as long as they exist."""

    def __init__(self, state: State) -> None:
        self._updates = state.table("serving_updates", Update)
        self._happened = state.table("serving_happened", Happened)
        self._build_logs = state.table("serving_build_logs", BuildLog)

    def note(self, endpoint: Endpoint, at: float, message: str) -> None:
        """Something happened that is no update."""
        number = sum(1 for _ in self._happened.scan((endpoint.id,)))
        self._happened.put((endpoint.id, number), Happened(at=at, message=message))

    def put(self, endpoint: Endpoint, update: Update) -> None:
        """An update began, or it is known how it ended."""
        self._updates.put((endpoint.id, update.config.config_version), update)

    def put_build_log(self, endpoint: Endpoint, update: Update, entity: ServedEntity, text: str) -> None:
        """What building the environment of an entity of that update has said, if any was built."""
        if text:
            self._build_logs.put((endpoint.id, update.config.config_version, entity.name), BuildLog(text=text))

    def build_log(self, endpoint: Endpoint, update: Update, entity: ServedEntity) -> str:
        """What building the environment of an entity of that update has said."""
        found = self._build_logs.get((endpoint.id, update.config.config_version, entity.name))
        return found.text if found else ""

    def updates(self, endpoint: Endpoint) -> list[Update]:
        """All updates that there were, the newest first."""
        return [update for _, update in self._updates.scan((endpoint.id,), reverse=True)]

    def steps(self, endpoint: Endpoint, now: float) -> list[Step]:
        """All that has happened by `now`, the newest first."""
        found = [Step(one.at, progress.ENDPOINT, one.message) for _, one in self._happened.scan((endpoint.id,))]
        for _, update in self._updates.scan((endpoint.id,)):
            found += progress.steps(update, now)
        return sorted(found, key=lambda step: step.at)[::-1]

    def forget(self, endpoint: Endpoint) -> None:
        """Of a deleted endpoint nothing is left."""
        for table in (self._updates, self._happened, self._build_logs):
            for key, _ in list(table.scan((endpoint.id,))):
                table.delete(key)
