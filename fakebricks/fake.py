"""The way into a test: `fake_workspace()`, a context manager and a decorator.

Real: the code under test, its clients, its threads. Simulated: the workspace, its host, the environment and time, for as
long as it is entered. What stays real of time is said in `fakebricks.simulated_time`.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from contextlib import ExitStack
from types import TracebackType
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

from fakebricks.clock import VirtualClock
from fakebricks.environment import Environment
from fakebricks.simulated_time import SimulatedTime
from fakebricks.wire.intercept import Interception
from fakebricks.workspace import Workspace

F = TypeVar("F", bound=Callable[..., Any])


class fake_workspace:  # noqa: N801 - reads as the function that it stands for
    """A fake Databricks workspace, in this process, for as long as it is entered."""

    def __init__(self, **options: Any) -> None:
        self._options = options
        self._stacks: list[ExitStack] = []

    def __enter__(self) -> Workspace:
        with ExitStack() as stack:
            workspace = Workspace(**self._options)
            stack.callback(workspace.close)
            stack.enter_context(Interception(workspace))
            stack.enter_context(Environment(workspace.env(), urlsplit(workspace.host).hostname))
            if isinstance(workspace.clock, VirtualClock):
                stack.enter_context(SimulatedTime(workspace.clock))
            if workspace.strict:
                stack.push(_Strictness(workspace))
            self._stacks.append(stack.pop_all())
        return workspace

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stacks.pop().__exit__(kind, error, trace)

    def __call__(self, function: F) -> F:
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def awaited(*args: Any, **kwargs: Any) -> Any:
                with fake_workspace(**self._options):
                    return await function(*args, **kwargs)

            return cast("F", awaited)

        @functools.wraps(function)
        def called(*args: Any, **kwargs: Any) -> Any:
            with fake_workspace(**self._options):
                return function(*args, **kwargs)

        return cast("F", called)


class _Strictness:
    """Fails a test that asked for what the fake does not compute, unless it has failed already."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def __enter__(self) -> None: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._workspace.raise_unsupported()
