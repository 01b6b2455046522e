"""The way into a test: `fake_workspace()`, a context manager and a decorator.

Real: the code under test, its clients, its threads. Simulated: the workspace, its host, the environment and time, for
as long as it is entered. What stays real of time is said in `fakebricks.surroundings.simulated_time`.
Refused: options that are no choice, at once, and on entry those that need a package which is not installed.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast
from urllib.parse import urlsplit

from fakebricks.clock import Clock, RealClock, VirtualClock
from fakebricks.roster import several
from fakebricks.services.model_serving.capture import LegacyTables
from fakebricks.services.model_serving.runtimes.choice import ImageOption, RuntimeOption, chosen
from fakebricks.services.model_serving.timings import Seconds, Timings
from fakebricks.services.sql.timings import WarehouseTimings
from fakebricks.services.tracking.rate_limits import rate_limits as chosen_limits
from fakebricks.surroundings.environment import Environment
from fakebricks.surroundings.mlflow_state import MlflowState
from fakebricks.surroundings.persons import acting_as, checked_user_name
from fakebricks.surroundings.profiles import ProfilesFile, checked_profiles
from fakebricks.surroundings.simulated_time import SimulatedTime
from fakebricks.wire.intercept import Interception
from fakebricks.workspace import DEFAULT_USER, Workspace

if TYPE_CHECKING:
    from fakebricks.contracts.policies import Policies

F = TypeVar("F", bound=Callable[..., Any])

_CHOICES: dict[str, tuple[str, ...]] = {
    "clock": ("virtual", "real"),
    "storage": ("presigned", "files", "s3"),
    "legacy_inference_tables": ("accept", "refuse"),
}


class fake_workspace:  # noqa: N801 - reads as the function that it stands for
    """A fake Databricks workspace, in this process, for as long as it is entered.

    A context manager that yields the `Workspace`, and a decorator of functions and coroutine functions. Every entry
    makes a new workspace. Meanwhile clients find the workspace by its environment variables (`DATABRICKS_HOST`,
    `DATABRICKS_TOKEN`, `MLFLOW_TRACKING_URI`, `MLFLOW_REGISTRY_URI`), see nothing of the user's own profiles and cloud
    credentials, and MLflow begins with nothing active. All of it is put back on exit.

    Args:
        clock: `"virtual"`, where waiting costs nothing; `"real"`, where it takes as long as it does; or a `Clock`.
        strict: raise on exit if the workspace was asked for something that fakebricks does not compute.
        seed: identifiers and chance are the same for the same seed.
        storage: how clients reach model files: `"presigned"`, `"files"` or `"s3"`, which needs moto.
        runtime: where registered models are loaded and scored: `"process"` for this very process, `"virtualenv"` for
            an environment of each model's own, built from what it was logged with, or `"docker"` for a container.
        runtime_image: the libraries that an environment has instead: the name of a Databricks Runtime, such as
            `"15.4 LTS ML"`, or versions by package, such as `{"scikit-learn": "1.3.2", "python": "3.11"}`. The
            process itself takes none.
        catalogs: the catalogs that exist from the start.
        user: the name of the person whose token the environment holds.
        profiles: the names of Databricks profiles that lead to the workspace: for code that says
            `databricks://prod`, `databricks-uc://prod` or `WorkspaceClient(profile="prod")`. DEFAULT is always there.
            Of two workspaces, one in the other and with different seeds, each is found by its own profiles;
            `DATABRICKS_HOST` and `DATABRICKS_TOKEN`, which would go before a profile, are then not set.
        rate_limits: how many calls of a kind the workspace takes per second, before it answers 429: `"documented"` for
            the platform's own limits, or a number for each of some groups of operations, such as
            `{"search_runs": 7, "log_batch": 47}`. No limits by default.
        serving: how long things take in Model Serving, in simulated seconds: a number, or two bounds to draw from,
            for some of the attributes of `Timings`, such as `{"deployment": 420, "cold_start": (10, 30)}`; the
            documented durations by default.
        warehouses: how long things take in SQL warehouses, in simulated seconds, for some of the attributes of
            `WarehouseTimings`, such as `{"statement": 20}`.
        spark: the URL of a Spark Connect server, such as `sc://cluster:15002`, for SQL to be executed by; it must reach
            the tables where they are. By default it is Sail, in this process, started with the first statement.
        legacy_inference_tables: `"accept"` makes inference tables of a configuration's `auto_capture_config`, with a
            note in the call log; `"refuse"` answers such a request as the platform does since 2026.
        policies: rules over the calls and what they leave, such as `("alias-not-version", "runs-*")`, or a mapping with
            `rules`, `severity` and `waive`; see docs/check.md. None by default.

    Raises:
        ValueError: an option's value is none of its choices.
        TypeError: an option takes several names and is given one.
        ModuleNotFoundError: on entry, an option needs a package that is not installed; it says which.
        UnsupportedCallError: on exit, in strict mode; it names the calls. It never hides an error of the test's own.
        BrokenPolicyError: on a clean exit, a policy is broken whose severity is `error`; it says by what.

    >>> import requests
    >>> with fake_workspace(user="sam@acme.test") as workspace:
    ...     me = f"{workspace.host}/api/2.0/preview/scim/v2/Me"
    ...     requests.get(me, headers={"authorization": f"Bearer {workspace.token}"}).json()["userName"]
    'sam@acme.test'
    """

    def __init__(
        self,
        *,
        clock: Literal["virtual", "real"] | Clock = "virtual",
        strict: bool = True,
        seed: int = 0,
        storage: Literal["presigned", "files", "s3"] = "presigned",
        runtime: RuntimeOption = "process",
        runtime_image: ImageOption | None = None,
        catalogs: tuple[str, ...] = ("main",),
        user: str = DEFAULT_USER,
        profiles: tuple[str, ...] = (),
        rate_limits: Literal["documented"] | Mapping[str, float] | None = None,
        serving: Mapping[str, Seconds] | None = None,
        warehouses: Mapping[str, float] | None = None,
        spark: str | None = None,
        legacy_inference_tables: LegacyTables = "accept",
        policies: Iterable[str] | Mapping[str, Any] = (),
    ) -> None:
        _check(clock=clock, storage=storage, legacy_inference_tables=legacy_inference_tables)
        chosen(runtime, runtime_image)
        self._clock = clock
        self._policies = _checked_policies(policies)
        self._options: dict[str, Any] = {
            "strict": strict,
            "seed": seed,
            "storage": storage,
            "runtime": runtime,
            "runtime_image": runtime_image,
            "catalogs": several(catalogs, "catalogs"),
            "user": checked_user_name(user),
            "profiles": checked_profiles(profiles),
            "rate_limits": chosen_limits(rate_limits),
            "serving": _checked_durations(serving),
            "warehouses": _checked_warehouse_durations(warehouses),
            "spark": _checked_spark(spark),
            "legacy_inference_tables": legacy_inference_tables,
        }
        self._stacks: list[ExitStack] = []

    def __enter__(self) -> Workspace:
        with ExitStack() as stack:
            workspace = self.workspace()
            stack.callback(workspace.close)
            stack.enter_context(Interception(workspace))
            stack.enter_context(surroundings(workspace))
            self._stacks.append(stack.pop_all())
        return workspace

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stacks.pop().__exit__(kind, error, trace)

    def __call__(self, function: F) -> F:
        """The function, called in a workspace of its own each time.

        Raises:
            TypeError: it is a class or a generator, which a call would leave before anything happens in it.
        """
        if inspect.isclass(function) or inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
            message = f"fake_workspace() decorates functions, and {function!r} is none; use it as a context manager"
            raise TypeError(message)
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def awaited(*args: Any, **kwargs: Any) -> Any:
                with self:
                    return await function(*args, **kwargs)

            return cast("F", awaited)

        @functools.wraps(function)
        def called(*args: Any, **kwargs: Any) -> Any:
            with self:
                return function(*args, **kwargs)

        return cast("F", called)

    def workspace(self) -> Workspace:
        """A new workspace of these options, without a way in."""
        workspace = Workspace(clock=self._new_clock(), **self._options)
        workspace.policies = self._policies
        return workspace

    def _new_clock(self) -> Clock:
        if isinstance(self._clock, Clock):
            return self._clock
        return VirtualClock() if self._clock == "virtual" else RealClock()


@contextmanager
def surroundings(workspace: Workspace, url: str | None = None) -> Iterator[None]:
    """What a test in this process needs around it, whichever way its calls take to the workspace.

    The environment, MLflow's state, simulated time where the clock is virtual, moto's `mock_aws` where the storage is
    `s3`, and on a clean exit strictness.

    Args:
        workspace: what clients shall talk to.
        url: where they reach it, if that is not the workspace's own host.
    """
    environment = workspace.env(url)
    host = environment["DATABRICKS_HOST"]
    with (
        _own_buckets() if workspace.storage == "s3" else nullcontext(),
        ProfilesFile(host, {"token": workspace.token}, workspace.profiles) as profiles,
        Environment(profiles.variables(environment), urlsplit(host).hostname),
        SimulatedTime(workspace.clock) if isinstance(workspace.clock, VirtualClock) else nullcontext(),
        MlflowState(),
        workspace.surrounded(lambda credential: acting_as(credential, environment, workspace.profiles)),
    ):
        try:
            yield
        except Exception as error:
            if workspace.strict and workspace.unsupported:
                error.add_note("\n".join(dict.fromkeys(workspace.unsupported)))
            raise
        if workspace.strict:
            workspace.raise_unsupported()
        if workspace.policies is not None:
            workspace.policies.hold(workspace)


def _own_buckets() -> AbstractContextManager[object]:
    """moto, for the buckets of the test's own: they are there until the workspace is left, and gone then.

    moto counts how often it is entered; a `mock_aws` of the test's own begins and ends within or around this one.
    """
    from moto import mock_aws

    moto: AbstractContextManager[object] = mock_aws()
    return moto


def _checked_durations(serving: Mapping[str, Seconds] | None) -> dict[str, Seconds]:
    Timings.of(serving)
    return dict(serving or {})


def _checked_warehouse_durations(warehouses: Mapping[str, float] | None) -> dict[str, float]:
    WarehouseTimings.of(warehouses)
    return dict(warehouses or {})


def _checked_spark(url: str | None) -> str | None:
    if url is not None and not str(url).startswith("sc://"):
        message = f"spark={url!r} is no URL of a Spark Connect server, such as 'sc://cluster:15002'"
        raise ValueError(message)
    return url


def _check(**values: Any) -> None:
    for option, value in values.items():
        if option == "clock" and isinstance(value, Clock):
            continue
        choices = _CHOICES[option]
        if value not in choices:
            message = f"{option}={value!r} is not a choice; there are {', '.join(map(repr, choices))}"
            raise ValueError(message)


def _checked_policies(policies: Iterable[str] | Mapping[str, Any]) -> Policies | None:
    if not policies:
        return None
    from fakebricks.contracts.policies import Policies

    return Policies.of(policies)
