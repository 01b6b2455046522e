"""The program that runs inside an environment: it loads one model and scores it.

One file of the standard library, run by its path with the environment's own Python, 3.8 or later, which knows nothing
of fakebricks:

    python -I -u worker.py fork-server FD       a server that forks a worker for each model; Linux
    python -I -u worker.py connect HOST PORT    one worker, which connects to who started it
    python -I -u worker.py listen HOST PORT     one worker, to which one client after the other connects

A worker is sent messages and answers each with one. A message is two big-endian 32-bit numbers, the sizes of what
follows: a JSON object, and bytes that go with it. First, unasked, the worker says `{"ready": PROTOCOL, "python": ...}`,
and in mode `connect` the `secret` of its environment variable too. It is asked, by the object's field `do`:

    load     `directory`, `variables`    `{"loaded": the version of MLflow, "imported": modules}`, or
                                         `{"failed": why}` with what a model server would have logged as bytes
    score    `content_type`, and bytes   `{"status", "content_type"}`, and bytes
    stream   the same                    the same; where events follow, without bytes and with their `stream`
    next     `stream`                    `{"more": true}` with an event as bytes, or `{"more": false}`
    stop     `stream`                    `{}`

A worker ends when its client has gone; one in mode `listen` keeps its model and waits for the next.

A fork server is sent packets of JSON over a socket of its own, and answers each with one. It imports MLflow, says
`{"ready": PROTOCOL, "python": ...}` or `{"failed": why}`, and is asked:

    fork     with two file descriptors,           `{"pid"}`
             the worker's socket and its log
    import   `modules`                            `{}`; what cannot be imported is left out
    end      `pid`                                `{"status"}`, as `waitpid` has it; a worker that lives is killed

It ends when its socket is closed, and its workers with it.

Real: `mlflow.pyfunc.load_model`, `invocations` of MLflow's own scoring server and `predict_stream`; the answers are
those of the runtime `process`. What a model prints goes to its log, and never into the protocol.
"""

from __future__ import annotations

import array
import contextlib
import gc
import importlib
import io
import itertools
import json
import os
import signal
import socket
import struct
import sys
import tempfile
import threading
import time
import traceback
from typing import Any, BinaryIO, Callable, Iterator, NamedTuple, NoReturn  # noqa: UP035 - Python 3.8

PROTOCOL = 1
SIZES = struct.Struct("!II")
SECRET = "FAKEBRICKS_WORKER_SECRET"  # noqa: S105 - the name of a variable

_JSON = "application/json"
_STREAM = "text/event-stream"
_SERVER_ERROR = 500
_END = object()
_CONVERTING = frozenset({"predictions_to_json", "unwrapped_predictions_to_json"})

# What may be imported before a fork: importing these starts no threads that a fork would lose.
_FORKABLE = frozenset(
    {
        *("mlflow", "numpy", "pandas", "scipy", "sklearn", "joblib", "threadpoolctl", "cloudpickle", "skops"),
        *("pyarrow", "xgboost", "lightgbm", "catboost", "statsmodels", "patsy", "imblearn", "category_encoders"),
    }
)


class Message(NamedTuple):
    """What is asked or answered."""

    head: dict[str, Any]
    body: bytes = b""


class Channel:
    """Messages to and from a client."""

    def __init__(self, reading: BinaryIO, writing: BinaryIO) -> None:
        self._reading = reading
        self._writing = writing

    @classmethod
    def over(cls, connection: socket.socket) -> Channel:
        return cls(connection.makefile("rb"), connection.makefile("wb"))

    def receive(self) -> Message | None:
        """The next message; none where the client has gone."""
        sizes = self._reading.read(SIZES.size)
        if len(sizes) < SIZES.size:
            return None
        head, body = SIZES.unpack(sizes)
        content = self._reading.read(head + body)
        if len(content) < head + body:
            return None
        return Message(json.loads(content[:head]), content[head:])

    def send(self, message: Message) -> None:
        self._writing.write(packed(message))
        self._writing.flush()

    def forget(self) -> None:
        """Close it in a process that the model has forked, so that a client sees the worker's end."""
        for descriptor in {self._reading.fileno(), self._writing.fileno()}:
            os.close(descriptor)


def packed(message: Message) -> bytes:
    """A message as it is sent."""
    head = json.dumps(message.head).encode()
    return SIZES.pack(len(head), len(message.body)) + head + message.body


class Worker:
    """Holds one model."""

    def __init__(self) -> None:
        self._model: Any = None
        self._invocations: Callable[[bytes, str], Message] = _not_loaded
        self._streams: dict[int, Iterator[Any]] = {}
        self._begun = 0
        self._secret = os.environ.pop(SECRET, "")

    def serve(self, channel: Channel) -> None:
        """Answer a client until it goes."""
        channel.send(Message({"ready": PROTOCOL, "python": _python(), "secret": self._secret}))
        answers = {
            "load": self._load,
            "score": self._score,
            "stream": self._stream,
            "next": self._next,
            "stop": self._stop,
        }
        asked = channel.receive()
        while asked is not None:
            channel.send(answers[asked.head["do"]](asked))
            asked = channel.receive()
        self._streams.clear()

    def _load(self, asked: Message) -> Message:
        os.environ.update(asked.head["variables"])
        before = set(sys.modules)
        try:
            import mlflow.pyfunc

            _trace_nowhere()
            model = mlflow.pyfunc.load_model(asked.head["directory"])
            self._invocations = _scoring(model, model.metadata.get_input_schema())
        except BaseException as error:  # noqa: BLE001 - a model may raise anything
            return Message({"failed": _said(error)}, traceback.format_exc().encode("utf-8", "backslashreplace"))
        self._model = model
        imported = sorted(name for name in set(sys.modules) - before if name.partition(".")[0] in _FORKABLE)
        return Message({"loaded": mlflow.__version__, "imported": imported})

    def _score(self, asked: Message) -> Message:
        return _tried(lambda: self._invocations(asked.body, asked.head["content_type"]))

    def _stream(self, asked: Message) -> Message:
        if asked.head["content_type"].partition(";")[0].strip() != _JSON:
            return self._score(asked)

        def begun() -> Message:
            from mlflow.pyfunc import scoring_server

            if not (hasattr(self._model, "predict_stream") and hasattr(scoring_server, "_parse_json_data")):
                raise RuntimeError("The model's version of MLflow does not support predict_stream.")
            schema = self._model.metadata.get_input_schema()
            parsed = scoring_server._parse_json_data(asked.body, self._model.metadata, schema)  # noqa: SLF001
            values = iter(self._model.predict_stream(parsed.data, parsed.params))
            first = next(values, _END)
            self._begun += 1
            self._streams[self._begun] = values if first is _END else itertools.chain([first], values)
            return Message({"status": 200, "content_type": _STREAM, "stream": self._begun})

        return _tried(begun)

    def _next(self, asked: Message) -> Message:
        number = asked.head["stream"]
        try:
            value = next(self._streams.get(number, iter(())), _END)
            if value is not _END:
                return Message({"more": True}, _encoded(value))
        except BaseException as error:  # noqa: BLE001 - a model may raise anything
            self._streams[number] = iter(())  # an error is the last event
            return Message({"more": True}, _compact({"error": _said(error)}))
        self._streams.pop(number, None)
        return Message({"more": False})

    def _stop(self, asked: Message) -> Message:
        self._streams.pop(asked.head["stream"], None)
        return Message({})


def _not_loaded(_: bytes, __: str) -> Message:
    raise RuntimeError("No model is loaded.")


def _scoring(model: Any, schema: Any) -> Callable[[bytes, str], Message]:
    """MLflow's scoring server without its HTTP."""
    try:
        from mlflow.pyfunc import scoring_server
    except ImportError as error:
        message = f"MLflow has no scoring server here: {error}. Require mlflow, of which mlflow-skinny is only a part."
        raise ImportError(message) from error
    scoring = getattr(scoring_server, "invocations", None)
    if (
        scoring is None or "flask" in scoring.__code__.co_names
    ):  # before MLflow 2.20 or so, it needs a request of Flask's
        return _scoring_with_flask(scoring_server.init(model))

    def invocations(body: bytes, content_type: str) -> Message:
        answer = scoring(body, content_type, model, schema)
        return _answer(answer.status, answer.response.encode(), answer.mimetype)

    return invocations


def _scoring_with_flask(application: Any) -> Callable[[bytes, str], Message]:
    application.testing = True  # what it does not catch is raised here
    client = application.test_client()

    def invocations(body: bytes, content_type: str) -> Message:
        reply = client.post("/invocations", data=body, content_type=content_type)
        if reply.status_code >= _SERVER_ERROR:
            raise RuntimeError(json.loads(reply.data)["message"])
        return _answer(reply.status_code, reply.data, reply.mimetype)

    return invocations


def _trace_nowhere() -> None:
    """Here is no workspace to send traces to."""
    import mlflow

    disable = getattr(getattr(mlflow, "tracing", None), "disable", None)
    if disable is not None:
        disable()


def _tried(answer: Callable[[], Message]) -> Message:
    """An answer, or what the scoring server makes of an error on the way to it."""
    from mlflow.exceptions import MlflowException

    try:
        return answer()
    except MlflowException as error:
        if error.get_http_status_code() >= _SERVER_ERROR:
            return _unexpected(error)
        return _answer(error.get_http_status_code(), error.serialize_as_json().encode())
    except BaseException as error:  # noqa: BLE001 - a model may raise anything
        return _unexpected(error)


def _unexpected(error: BaseException) -> Message:
    """For what MLflow's scoring server does not catch itself (texts observed on the platform)."""
    functions = {frame.name for frame in traceback.extract_tb(error.__traceback__)}
    while_doing = "converting model response to JSON" if functions & _CONVERTING else "evaluating the model"
    message = f"Encountered an unexpected error while {while_doing}. Error '{_said(error)}'"
    return _answer(400, _compact({"error_code": "BAD_REQUEST", "message": message}))


def _encoded(value: Any) -> bytes:
    """A value in the JSON of MLflow's scoring server."""
    from mlflow.pyfunc import scoring_server

    written = io.StringIO()
    scoring_server.unwrapped_predictions_to_json(value, written)
    return written.getvalue().encode()


def _answer(status: int, body: bytes, content_type: str = _JSON) -> Message:
    return Message({"status": status, "content_type": content_type}, body)


def _said(error: BaseException) -> str:
    return str(error) or type(error).__name__


def _compact(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace")


def _python() -> str:
    return ".".join(map(str, sys.version_info[:3]))


class ForkServer:
    """Forks workers from a process that has imported MLflow already."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._workers: set[int] = set()

    def serve(self) -> None:
        """Answer until the control socket is closed."""
        self._control.send(json.dumps(_prepared()).encode())
        while True:
            packet, descriptors = self._received()
            if not packet:
                break
            asked = json.loads(packet)
            if asked["do"] == "fork":
                answer = self._forked(*descriptors)
            elif asked["do"] == "import":
                answer = _imported(asked["modules"])
            else:
                answer = self._ended(asked["pid"])
            self._control.send(json.dumps(answer).encode())
        for pid in list(self._workers):
            self._ended(pid)
        os._exit(0)

    def _received(self) -> tuple[bytes, array.array[int]]:
        descriptors = array.array("i")
        packet, ancillary, _, _ = self._control.recvmsg(1 << 20, socket.CMSG_LEN(2 * descriptors.itemsize))
        for level, kind, data in ancillary:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                descriptors.frombytes(data)
        return packet, descriptors

    def _forked(self, connection: int, log: int) -> dict[str, Any]:
        own = os.getpid()
        pid = os.fork()
        if not pid:
            _die_with(own)
            self._work(connection, log)
        self._workers.add(pid)
        os.close(connection)
        os.close(log)
        return {"pid": pid}

    def _work(self, connection: int, log: int) -> NoReturn:
        os.setpgid(0, 0)
        self._control.close()
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.close(log)
        os.chdir(tempfile.mkdtemp(dir="."))
        if "numpy" in sys.modules:  # else all workers would draw the same numbers
            sys.modules["numpy"].random.seed()
        _work(socket.socket(fileno=connection))

    def _ended(self, pid: int) -> dict[str, Any]:
        """The worker is a child that was not waited for, so nobody else has its number."""
        if pid not in self._workers:
            return {"status": 0}
        for kill in (os.killpg, os.kill):  # as a group, with what the model started; it may not be one yet
            try:
                kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self._workers.discard(pid)
        return {"status": os.waitpid(pid, 0)[1]}


def _prepared() -> dict[str, Any]:
    """Import what every model needs."""
    try:
        importlib.import_module("mlflow.pyfunc")
    except BaseException as error:  # noqa: BLE001 - an environment may hold anything
        return {"failed": _said(error)}
    _imported(["mlflow.pyfunc.scoring_server"])
    look_up = getattr(sys.modules.get("mlflow.utils.requirements_utils"), "_init_modules_to_packages_map", None)
    if look_up is not None:  # of all that is installed; MLflow keeps it, and needs it whenever it loads a model
        look_up()
    return {"ready": PROTOCOL, "python": _python()}


def _imported(modules: Any) -> dict[str, Any]:
    for name in modules:
        try:
            importlib.import_module(name)
        except BaseException:  # noqa: BLE001, S112 - a model that needs it will say why
            continue
    gc.collect()
    gc.freeze()  # the workers' collections then leave these pages shared
    return {}


def _die_with(parent: int) -> None:
    """End with the fork server, even in the middle of a prediction."""
    import ctypes

    set_death_signal = 1
    ctypes.CDLL(None).prctl(set_death_signal, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it has ended already
        os._exit(1)


def _end_when_orphaned() -> None:
    """End with the process that started this one, even in the middle of a prediction."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _work(connection: socket.socket) -> NoReturn:
    channel = Channel.over(connection)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=channel.forget)
    Worker().serve(channel)
    os._exit(0)  # a container is not asked to tidy up either


def _listen(host: str, port: int) -> None:
    """One client after the other, with the model that the first has loaded."""
    worker = Worker()
    with socket.create_server((host, port)) as server:
        while True:
            connection, _ = server.accept()
            with connection, contextlib.suppress(ConnectionError):  # a client may go in the middle of an answer
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                worker.serve(Channel.over(connection))


def main(mode: str, *arguments: str) -> None:
    """Run in one of the modes, which the module's first lines explain."""
    if mode == "fork-server":
        ForkServer(socket.socket(fileno=int(arguments[0]))).serve()
    elif mode == "connect":
        _end_when_orphaned()
        connection = socket.create_connection((arguments[0], int(arguments[1])))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        _work(connection)
    else:
        _listen(arguments[0], int(arguments[1]))


if __name__ == "__main__":
    main(*sys.argv[1:])
