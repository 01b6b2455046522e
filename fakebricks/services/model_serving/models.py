"""The models that a workspace has loaded: each is loaded once, however many endpoints serve it.

Real: a version's files come out of the registry's storage into a directory of their own, and are loaded from there.
"""

from __future__ import annotations

import threading
from collections import defaultdict

from fakebricks.services.model_serving import environment_vars
from fakebricks.services.model_serving.records import ServedEntity
from fakebricks.services.model_serving.runtimes import LoadedModel, ModelLoadError, Runtime
from fakebricks.services.model_serving.stored import StoredModels
from fakebricks.services.secrets.references import SecretReferences
from fakebricks.wire.errors import DatabricksError, NotImplementedByFakebricks


class Models:
    """Loads model versions, and keeps what it loaded, by a digest of their files and of their environment variables.

    Loading takes seconds: never ask for a model inside a transaction.
    """

    def __init__(self, runtime: Runtime, stored: StoredModels, secrets: SecretReferences) -> None:
        self._runtime = runtime
        self._stored = stored
        self._secrets = secrets
        self._loaded: dict[str, LoadedModel] = {}
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)

    def require(self) -> None:
        """Raise `NotImplementedByFakebricks` where this installation cannot load models."""
        self._runtime.require()

    def load(self, entity: ServedEntity, creator: str) -> str:
        """Load an entity's model version as the endpoint's creator, unless it is loaded; the digest to keep it by.

        Raises:
            ModelLoadError: the version is gone, does not load, or may not be loaded by the creator.
        """
        try:
            directory, digest = self._stored.find(entity.entity_name, entity.entity_version, creator)
            variables = environment_vars.resolved(entity, self._secrets, creator)
            key = environment_vars.key(digest, variables)
            with self._locks[key]:
                if key not in self._loaded:
                    self._loaded[key] = self._runtime.load(self._stored.fetch(directory, digest), variables)
        except NotImplementedByFakebricks:
            raise
        except DatabricksError as error:
            raise ModelLoadError(error.message) from error
        return key

    def of(self, entity: ServedEntity, creator: str) -> LoadedModel:
        """The model of a deployed entity.

        Raises:
            ModelLoadError: it had to be loaded again, in a new process, and is gone.
        """
        return self._loaded.get(entity.model or "") or self._loaded[self.load(entity, creator)]
