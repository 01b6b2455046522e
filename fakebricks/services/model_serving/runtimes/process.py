"""The runtime `process`: models are loaded and scored in this very process.

Real: `mlflow.pyfunc.load_model`, and `invocations` of MLflow's own scoring server, which the platform's containers
embed, with its statuses and texts. Streams come from `predict_stream`; an error in the middle of one is its last event,
as in MLflow's own agent server. No status of 5xx is a model's: those are for the platform's own faults (documented).
Simulated: what a model asks of the process itself, such as to exit, ends its request and nothing else. Refused:
libraries other than the installed ones.
"""

from __future__ import annotations

import threading
import traceback
import warnings
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from http import HTTPStatus
from importlib.util import find_spec
from io import StringIO
from itertools import chain, islice
from pathlib import Path
from typing import Any

import msgspec

from fakebricks.services.model_serving.runtimes import LoadedModel, ModelLoadError, Scored, traces
from fakebricks.services.model_serving.runtimes.variables import WithVariables, variables_set
from fakebricks.services.model_serving.streaming import CONTENT_TYPE
from fakebricks.wire.errors import NotImplementedByFakebricks

_JSON = "application/json"
_END = object()
_CONVERTING = frozenset({"predictions_to_json", "unwrapped_predictions_to_json"})


class ProcessRuntime:
    """Loads models with the MLflow that is installed here."""

    def __init__(self) -> None:
        self._leniency = _Leniency()

    def require(self) -> None:
        if find_spec("mlflow") is None or find_spec("pandas") is None:
            message = (
                "fakebricks loads and scores models with MLflow, which is not installed here. "
                "Install it with: pip install 'fakebricks[serving]'"
            )
            raise NotImplementedByFakebricks(message)

    def load(self, directory: Path, variables: Mapping[str, str]) -> LoadedModel:
        with variables_set(variables):
            model = self._loaded(directory)
        return WithVariables(model, variables) if variables else model

    def _loaded(self, directory: Path) -> ProcessModel:
        import mlflow.pyfunc

        try:
            with self._leniency():
                model = mlflow.pyfunc.load_model(str(directory))
                schema = model.metadata.get_input_schema()
        except BaseException as error:
            _let_through(error)
            raise ModelLoadError(_said(error), traceback.format_exc()) from error
        return ProcessModel(model, schema, self._leniency)


class ProcessModel:
    """A pyfunc model behind MLflow's scoring server, without the server."""

    build_log = ""
    log = ""

    def __init__(self, model: Any, schema: Any, leniency: _Leniency) -> None:
        self._model = model
        self._schema = schema
        self._leniency = leniency

    def score(self, body: bytes, content_type: str) -> Scored:
        from mlflow.pyfunc import scoring_server

        def answer() -> Scored:
            answer = scoring_server.invocations(body, content_type, self._model, self._schema)
            return Scored(answer.status, answer.response.encode(), answer.mimetype)

        return self._tried(answer)

    def traced(self, body: bytes, content_type: str) -> tuple[Scored, Any]:
        with traces.watched() as trace:
            scored = self.score(body, content_type)
        return scored, trace()

    def stream(self, body: bytes, content_type: str) -> Scored:
        from mlflow.pyfunc import scoring_server

        if content_type.partition(";")[0].strip() != _JSON:
            return self.score(body, content_type)

        def answer() -> Scored:
            asked = scoring_server._parse_json_data(body, self._model.metadata, self._schema)  # noqa: SLF001
            values = iter(self._model.predict_stream(asked.data, asked.params))
            first = list(islice(values, 1))
            return Scored(200, b"", CONTENT_TYPE, self._events(chain(first, values)))

        return self._tried(answer)

    def close(self) -> None:
        """It holds nothing."""

    def _tried(self, answer: Callable[[], Scored]) -> Scored:
        """An answer, or what the scoring server makes of an error on the way to it."""
        from mlflow.exceptions import MlflowException

        try:
            with self._working():
                return answer()
        except MlflowException as error:
            if error.get_http_status_code() >= HTTPStatus.INTERNAL_SERVER_ERROR:
                return _unexpected(error)
            return Scored(error.get_http_status_code(), error.serialize_as_json().encode(), _JSON)
        except BaseException as error:  # noqa: BLE001 - a model may raise anything
            _let_through(error)
            return _unexpected(error)

    def _events(self, values: Iterator[Any]) -> Generator[bytes, None, None]:
        """What the model yields, as JSON; if it raises, the last event says so."""
        while True:
            try:
                with self._working():
                    value = next(values, _END)
                    if value is _END:
                        return
                    event = _encoded(value)
            except BaseException as error:  # noqa: BLE001 - a model may raise anything
                _let_through(error)
                yield msgspec.json.encode({"error": _said(error)})
                return
            yield event

    @contextmanager
    def _working(self) -> Iterator[None]:
        """While the model works."""
        with ExitStack() as stack:
            stack.enter_context(self._leniency())
            stack.enter_context(traces.kept_here())
            yield


class _Leniency:
    """Warnings are only warnings while a model works, whatever the code around it has made of them.

    A test suite that turns warnings into errors must not make a model fail that works on the platform. The filters are
    the process's own, so the last of several threads to leave puts them back.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._outside: list[Any] = []

    @contextmanager
    def __call__(self) -> Iterator[None]:
        with self._lock:
            if self._inside == 0:
                self._outside = list(warnings.filters)
                warnings.simplefilter("ignore")
            self._inside += 1
        try:
            yield
        finally:
            with self._lock:
                self._inside -= 1
                if self._inside == 0:
                    warnings.filters[:] = self._outside  # type: ignore[index]
                    warnings._filters_mutated()  # type: ignore[attr-defined]  # noqa: SLF001


def _let_through(error: BaseException) -> None:
    """Raise a Ctrl-C that reached the main thread; it was meant for the program and not for the model."""
    if isinstance(error, KeyboardInterrupt) and threading.current_thread() is threading.main_thread():
        raise error


def _said(error: BaseException) -> str:
    return str(error) or type(error).__name__


def _encoded(value: Any) -> bytes:
    """A value in the JSON of MLflow's scoring server."""
    from mlflow.pyfunc import scoring_server

    written = StringIO()
    scoring_server.unwrapped_predictions_to_json(value, written)
    return written.getvalue().encode()


def _unexpected(error: BaseException) -> Scored:
    """For what MLflow's scoring server does not catch itself (texts observed on the platform)."""
    functions = {frame.name for frame in traceback.extract_tb(error.__traceback__)}
    while_doing = "converting model response to JSON" if functions & _CONVERTING else "evaluating the model"
    message = f"Encountered an unexpected error while {while_doing}. Error '{_said(error)}'"
    return Scored(400, msgspec.json.encode({"error_code": "BAD_REQUEST", "message": message}), _JSON)
