"""Small packages to build environments from, without any network."""

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path


def make_wheel(
    directory: Path, name: str, version: str, files: Mapping[str, str] | None = None, requires: Sequence[str] = ()
) -> Path:
    """A wheel with these files; without any, with a module that knows its version."""
    info = f"{name}-{version}.dist-info"
    needs = "".join(f"Requires-Dist: {one}\n" for one in requires)
    contents = {
        **(files or {f"{name}.py": f"VERSION = '{version}'\n"}),
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: fakebricks\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{file},,\n" for file in (*contents, f"{info}/RECORD"))
    path = directory / f"{name}-{version}-py3-none-any.whl"
    directory.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as wheel:
        for file, content in {**contents, f"{info}/RECORD": record}.items():
            wheel.writestr(file, content)
    return path


_SCORING_SERVER = """
import json
from collections import namedtuple

Parsed = namedtuple("Parsed", "data params")
Response = namedtuple("Response", "response status mimetype")


def invocations(data, content_type, model, input_schema):
    return Response(json.dumps({"predictions": model.predict(json.loads(data))}), 200, "application/json")


def _parse_json_data(data, metadata, input_schema):
    return Parsed(json.loads(data), {})


def unwrapped_predictions_to_json(value, output):
    json.dump(value, output)
"""

_OLD_SCORING_SERVER = """
import json
from collections import namedtuple

Reply = namedtuple("Reply", "status_code data mimetype")


def invocations(data, content_type, model, input_schema):
    import flask


class init:
    testing = False

    def __init__(self, model):
        self.model = model

    def test_client(self):
        assert self.testing
        return self

    def post(self, path, data, content_type):
        assert path == "/invocations"
        asked = json.loads(data)
        if asked["do"] == "fail":
            return Reply(500, b'{"message": "an internal error"}', content_type)
        return Reply(200, json.dumps(self.model.predict(asked)).encode(), content_type)
"""

# Does what it is asked to: a model of the tests' own, as small as can be.
_PYFUNC = """
import os
import signal
import sys
import time
from pathlib import Path


class Model:
    metadata = property(lambda self: self)

    def get_input_schema(self):
        return None

    def predict(self, asked, params=None):
        do = asked["do"]
        if do == "exit":
            os._exit(3)
        if do == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if do == "leave a child":
            if os.fork() == 0:
                time.sleep(30)
            os._exit(0)
        if do == "sleep":
            time.sleep(asked["seconds"])
        if do == "raise":
            raise ValueError(asked["text"])
        if do == "quit":
            sys.exit(asked["text"])
        if do == "print":
            print(asked["text"])
            os.write(1, b"written to 1")
            os.write(2, b"written to 2")
            sys.stdout.write("unfinished")
        if do == "environ":
            return dict(os.environ)
        if do == "pid":
            return os.getpid()
        if do == "parent":
            return os.getppid()
        if do == "cwd":
            return os.getcwd()
        if do == "path":
            return sys.path
        return asked

    def predict_stream(self, asked, params=None):
        for number in range(asked["events"]):
            if number == asked.get("raise_at"):
                raise ValueError("no more")
            if number == asked.get("exit_at"):
                os._exit(4)
            yield {"number": number}


def load_model(directory):
    files = Path(directory)
    print("loading", files.name)
    if (files / "exit").exists():
        os._exit(5)
    if (files / "sleep").exists():
        time.sleep(30)
    if not (files / "MLmodel").exists():
        raise OSError("no MLmodel")
    return Model()
"""

_EXCEPTIONS = """
import json


class MlflowException(Exception):
    def get_http_status_code(self):
        return 400

    def serialize_as_json(self):
        return json.dumps({"error_code": "BAD_REQUEST", "message": str(self)})
"""


def make_mlflow(directory: Path, version: str, *, old: bool = False, skinny: bool = False) -> Path:
    """A package that has MLflow's name, and of MLflow what a worker needs."""
    server = _OLD_SCORING_SERVER if old else "import no_such_web_framework" if skinny else _SCORING_SERVER
    files = {
        "mlflow/__init__.py": f"__version__ = '{version}'\n",
        "mlflow/exceptions.py": _EXCEPTIONS,
        "mlflow/pyfunc/__init__.py": _PYFUNC,
        "mlflow/pyfunc/scoring_server.py": server,
    }
    return make_wheel(directory, "mlflow", version, files)
