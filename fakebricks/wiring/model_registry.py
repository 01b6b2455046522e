"""Models in Unity Catalog."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakebricks.services.files.files import Files
from fakebricks.services.model_registry.model_registry import ModelRegistry
from fakebricks.services.model_registry.model_storage import ModelStorage
from fakebricks.services.model_registry.version_storage import InBucket, InFiles
from fakebricks.services.model_registry.visible_models import VisibleModels
from fakebricks.services.tracking.logged_models import LoggedModels
from fakebricks.services.tracking.metrics import Metrics
from fakebricks.services.tracking.runs import Runs
from fakebricks.services.unity_catalog.authority import Authority
from fakebricks.services.unity_catalog.grants import Grants
from fakebricks.services.unity_catalog.unity_catalog import UnityCatalog
from fakebricks.wire.errors import ResourceDoesNotExist

if TYPE_CHECKING:
    from fakebricks.wiring.services import Services


def wire(services: Services) -> None:
    """Add the registry, and where its versions' files are."""
    runs = services[Runs]
    in_bucket = _in_bucket(services) if services.storage == "s3" else None

    def experiment_of(run_id: str) -> str | None:
        try:
            return runs.get(run_id).experiment_id
        except ResourceDoesNotExist:  # the run is of another workspace
            return None

    registry = ModelRegistry(
        services.state,
        services.ids,
        services.clock,
        unity_catalog=services[UnityCatalog],
        grants=services[Grants],
        files=services[Files],
        storage=in_bucket or InFiles(),
        experiment_of=experiment_of,
        params_of=services[LoggedModels].params,
        metrics_of=services[Metrics].of_model,
    )
    if in_bucket is not None:
        services.after_restore.append(lambda: _restore(in_bucket, registry))
    services.add(
        registry,
        ModelStorage(registry, services.storage, in_bucket),
        VisibleModels(registry, services[Authority]),
    )


def _in_bucket(services: Services) -> InBucket:
    from fakebricks.services.files.s3.credentials import Credentials
    from fakebricks.services.files.s3.moto_s3 import OwnBucket

    return InBucket(services[OwnBucket], services[Credentials], services[Files])


def _restore(in_bucket: InBucket, registry: ModelRegistry) -> None:
    in_bucket.restore((one, registry.files_directory(one)) for one in registry.all_versions())
