"""Stored shapes of Model Serving: endpoints, their configurations, and what their served entities have been doing."""

from __future__ import annotations

from msgspec import field

from fakebricks.services.model_serving.ai_gateway.records import RateLimit, Settings
from fakebricks.services.model_serving.external_models.records import ExternalModel
from fakebricks.state import Record


class Tag(Record, frozen=True):
    key: str
    value: str | None = None


class Route(Record, frozen=True):
    """A share of an endpoint's traffic."""

    served_entity_name: str
    traffic_percentage: int


class Declared(Record, frozen=True):
    """What a model version says of itself; the parts of its signature are JSON, as MLflow writes them."""

    task: str | None = None
    inputs: str | None = None
    outputs: str | None = None
    params: str | None = None


class ServingRuntime(Record, frozen=True):
    """Where models are loaded and scored; see `runtimes/choice.py`. With neither image nor pins, as each was logged."""

    kind: str = "process"
    image: str | None = None
    """The name of a Databricks Runtime."""
    pins: dict[str, str] = field(default_factory=dict)
    """Versions by normalised name of the package, in order; `python` is one."""

    @property
    def isolated(self) -> bool:
        """Whether an environment is built for a model, in which it is not this process that loads it."""
        return self.kind != "process"

    @property
    def key(self) -> str:
        """The same for the same choice."""
        return "\0".join([self.kind, self.image or "", *(f"{name}=={version}" for name, version in self.pins.items())])


class ServedEntity(Record, frozen=True):
    """A model version as an endpoint serves it."""

    name: str
    entity_name: str
    entity_version: str
    workload_size: str | None
    workload_type: str
    min_provisioned_concurrency: int | None
    max_provisioned_concurrency: int | None
    scale_to_zero_enabled: bool
    creator: str
    creation_timestamp: int
    id: str
    """What inference tables call the entity by."""
    model: str | None = None
    """The loaded model's key, once it has been deployed."""
    declared: Declared = Declared()
    environment_vars: dict[str, str] = field(default_factory=dict)
    """As they were given: with references to secrets, and not with these."""
    external_model: ExternalModel | None = None
    """Of an entity that is no model version; its name stands for the entity's, and it has no version."""
    runtime: ServingRuntime = ServingRuntime()
    """Where it is loaded, from its deployment on."""


class AutoCapture(Record, frozen=True):
    """A legacy inference table, as a configuration asks for it."""

    catalog_name: str
    schema_name: str
    table_name_prefix: str
    enabled: bool

    @property
    def table_name(self) -> str:
        return f"{self.table_name_prefix}_payload"


class InferenceTableConfig(AutoCapture, frozen=True):
    """An AI Gateway inference table, which hangs on the endpoint and not on its configuration."""


class TelemetryTable(Record, frozen=True):
    """An inference table of an endpoint's telemetry, which has a share of the requests."""

    full_name: str
    sampling_fraction: float


class Config(Record, frozen=True):
    """What an endpoint serves, or is about to."""

    config_version: int
    served_entities: tuple[ServedEntity, ...]
    routes: tuple[Route, ...]
    auto_capture_config: AutoCapture | None = None
    deployed_at: float = 0.0

    @property
    def external(self) -> bool:
        """Whether external models are served; they are not mixed with custom ones."""
        return self.served_entities[0].external_model is not None

    def entity(self, name: str) -> ServedEntity | None:
        """The served entity of that name, or None."""
        return next((one for one in self.served_entities if one.name == name), None)


class Failure(Record, frozen=True):
    """How the deployment of one served entity ended, where the update failed."""

    deployment: str
    message: str
    log: str = ""
    built: bool = True
    """Whether there was a container image."""


class Update(Record, frozen=True):
    """A configuration on its way; it stays with its failures where it did not arrive."""

    config: Config
    start_time: float
    ends_at: float
    takes: float
    """How many seconds the deployment would take if it were not aborted for taking too long."""
    failures: tuple[Failure, ...] = ()
    """One for each served entity, in their order; empty while the update is in progress."""

    @property
    def timed_out(self) -> bool:
        """Whether it ends because it takes too long."""
        return self.start_time + self.takes > self.ends_at


class EmailNotifications(Record, frozen=True):
    on_update_success: tuple[str, ...] = ()
    on_update_failure: tuple[str, ...] = ()


class Endpoint(Record, frozen=True):
    """A serving endpoint, stored under its name."""

    name: str
    id: str
    creator: str
    creator_display_name: str
    creator_kind: str
    creation_timestamp: int
    last_updated_timestamp: int
    description: str = ""
    tags: tuple[Tag, ...] = ()
    config: Config | None = None
    pending: Update | None = None
    inference_table_config: InferenceTableConfig | None = None
    auto_capture_disabled: bool = False
    """A legacy inference table that was disabled once cannot be enabled again."""
    last_config_version: int = 0
    suspended: bool = False
    """Stopped, until a deployment arrives."""
    gateway: Settings = Settings()
    rate_limits: tuple[RateLimit, ...] = ()
    """The older ones, beside those of the AI Gateway."""
    email_notifications: EmailNotifications | None = None
    route_optimized: bool = False
    telemetry_table: TelemetryTable | None = None


class EndpointName(Record, frozen=True):
    """What the endpoint of an id is called."""

    name: str


class Activity(Record, frozen=True):
    """When a served entity was last asked, stored under endpoint id, config version and entity name."""

    last_used: float
    warm_at: float
    """When the cold start is over that the last request to a sleeping entity began."""
    cold_starts: int = 0
    requests: int = 0


class Scale(Record, frozen=True):
    """How much concurrency a served entity has, stored as `Activity` is."""

    provisioned: int
    window: int
    """The number of the last stretch between two looks at whether less would do."""
    peak: int = 0
    """The most requests that were in flight at once in that stretch."""
    grows_to: int = 0
    grows_at: float = 0.0

    @property
    def growing(self) -> bool:
        """Whether more is on its way."""
        return self.grows_to > 0


class Handled(Record, frozen=True):
    """A request, stored under endpoint id, config version, entity name, the microsecond of its end, and its id.

    Those that have ended more than a minute ago are forgotten.
    """

    received: float
    status: int = 0
    """Zero while it is being answered."""
    waited: float = 0.0
    seconds: float = 0.0


class Histogram(Record, frozen=True):
    """How many milliseconds something took, by bucket."""

    counts: tuple[int, ...] = ()
    total: float = 0.0


class Measured(Record, frozen=True):
    """What all requests to a served entity have taken, stored as `Activity` is."""

    latency: Histogram = Histogram()
    queue: Histogram = Histogram()
    prediction: Histogram = Histogram()


class BuildLog(Record, frozen=True):
    """What building the environment of an entity has said, stored under endpoint id, config version and entity name."""

    text: str


class Happened(Record, frozen=True):
    """Something in an endpoint's life that its updates do not say, stored under endpoint id and a number."""

    at: float
    message: str


class Traffic(Record, frozen=True):
    """How many requests a configuration has routed, stored under endpoint id and config version."""

    requests: int
