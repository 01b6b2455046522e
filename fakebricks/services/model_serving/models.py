"""The models that a workspace has loaded: each is loaded once, however many endpoints serve it.

Real: a version's files come out of the registry's storage into a directory of their own, and are loaded from there.
What was loaded outside this process is freed when no endpoint is served by it any more. The real time that an
environment takes is no simulated time.
"""

from __future__ import annotations

import hashlib
import threading
from collections import defaultdict
from collections.abc import Callable, Collection, Generator
from contextlib import closing, nullcontext
from typing import NamedTuple

from fakebricks.clock import Clock
from fakebricks.services.model_serving import environment_vars
from fakebricks.services.model_serving.records import ServedEntity, ServingRuntime
from fakebricks.services.model_serving.runtimes import LoadedModel, ModelLoadError, Scored
from fakebricks.services.model_serving.runtimes.made import Runtimes
from fakebricks.services.model_serving.stored import StoredModels
from fakebricks.services.secrets.references import SecretReferences
from fakebricks.wire.errors import DatabricksError, NotImplementedByFakebricks


class Loaded(NamedTuple):
    """A model that is loaded."""

    key: str
    """What it is kept by."""
    build_log: str


class _Kept:
    """A loaded model, and how many requests it is answering."""

    def __init__(self, model: LoadedModel, *, isolated: bool) -> None:
        self.model = model
        self.isolated = isolated
        self.asked = 0
        self.given_up = False

    @property
    def done(self) -> bool:
        return self.given_up and not self.asked


class Models:
    """Loads model versions, and keeps what it loaded, by a digest of all that the loading depends on.

    Loading takes seconds, or minutes where an environment is built: never ask for a model inside a transaction.
    """

    def __init__(self, runtimes: Runtimes, stored: StoredModels, secrets: SecretReferences, clock: Clock) -> None:
        self._clock = clock
        self._runtimes = runtimes
        self._stored = stored
        self._secrets = secrets
        self._kept: dict[str, _Kept] = {}
        self._lock = threading.Lock()
        self._loading: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)

    def require(self, runtime: ServingRuntime) -> None:
        """Raise `NotImplementedByFakebricks` where this installation cannot load models in that runtime."""
        self._runtimes.of(runtime).require()

    def load(self, entity: ServedEntity, creator: str) -> Loaded:
        """Load an entity's model version as the endpoint's creator, unless it is loaded.

        Raises:
            ModelLoadError: the version is gone, does not load, or may not be loaded by the creator.
        """
        try:
            directory, digest = self._stored.find(entity.entity_name, entity.entity_version, creator)
            variables = environment_vars.resolved(entity, self._secrets, creator)
            key = _key(environment_vars.key(digest, variables), entity.runtime)
            with self._loading[key]:
                kept = self._kept.get(key)
                if kept is None:
                    files = self._stored.fetch(directory, digest)
                    with self._clock.held() if entity.runtime.isolated else nullcontext():
                        model = self._runtimes.of(entity.runtime).load(files, variables)
                    kept = self._kept[key] = _Kept(model, isolated=entity.runtime.isolated)
                return Loaded(key, kept.model.build_log)
        except NotImplementedByFakebricks:
            raise
        except DatabricksError as error:
            raise ModelLoadError(error.message) from error

    def asked(self, entity: ServedEntity, creator: str, question: Callable[[LoadedModel], Scored]) -> Scored:
        """What the model of a deployed entity answers; it is not freed before the end of the answer.

        Raises:
            ModelLoadError: it had to be loaded again, and does not load any more.
        """
        kept = self._lent(entity, creator)
        try:
            scored = question(kept.model)
        except BaseException:
            self._returned(kept)
            raise
        if scored.events is None:
            self._returned(kept)
            return scored
        events = self._until_the_end(scored.events, kept)
        next(events)  # only a generator that has begun notices that nobody goes on with it
        return scored._replace(events=events)

    def printed(self, entity: ServedEntity) -> str:
        """The last of what the model of a deployed entity has printed, where it is loaded outside this process."""
        kept = self._kept.get(entity.model or "")
        return kept.model.log if kept else ""

    def keep_only(self, used: Collection[str]) -> None:
        """Free the models that live outside this process and are kept by none of those keys."""
        with self._lock:
            unused = [key for key, kept in self._kept.items() if kept.isolated and key not in used]
            given_up = [self._kept.pop(key) for key in unused]
            for kept in given_up:
                kept.given_up = True
            done = [kept for kept in given_up if kept.done]
        for kept in done:
            kept.model.close()

    @property
    def isolated(self) -> bool:
        """Whether any model is loaded outside this process."""
        with self._lock:
            return any(kept.isolated for kept in self._kept.values())

    def close(self) -> None:
        """Free all models, even those that are being asked."""
        with self._lock:
            kept, self._kept = list(self._kept.values()), {}
        for one in kept:
            one.model.close()

    def _lent(self, entity: ServedEntity, creator: str) -> _Kept:
        """The model of a deployed entity, with one request more; loaded again if need be."""
        key = entity.model or ""
        while True:
            with self._lock:
                kept = self._kept.get(key)
                if kept:
                    kept.asked += 1
                    return kept
            key = self.load(entity, creator).key

    def _returned(self, kept: _Kept) -> None:
        with self._lock:
            kept.asked -= 1
            done = kept.done
        if done:
            kept.model.close()

    def _until_the_end(self, events: Generator[bytes, None, None], kept: _Kept) -> Generator[bytes, None, None]:
        try:
            with closing(events):
                yield b""
                yield from events
        finally:
            self._returned(kept)


def _key(digest: str, runtime: ServingRuntime) -> str:
    return f"{digest}-{hashlib.sha256(runtime.key.encode()).hexdigest()}" if runtime.isolated else digest
