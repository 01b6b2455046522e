"""`fakebricks serve` as a process of its own."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

import boto3
import pytest
import requests
from botocore.exceptions import ClientError
from click.testing import CliRunner
from s3_client import MLMODEL

from fakebricks.cli import main

SERVE = [sys.executable, "-m", "fakebricks", "serve", "--port", "0"]
ME = "/api/2.0/preview/scim/v2/Me"
HEAVY = ("mlflow", "databricks", "pandas", "numpy", "pyarrow", "deltalake", "requests")


@contextmanager
def serving(*options: str, **environment: str) -> Iterator[tuple[subprocess.Popen, dict[str, str]]]:
    """The process, and the environment that it printed."""
    process = subprocess.Popen(
        [*SERVE, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, **environment}
    )
    try:
        assert process.stdout.readline().startswith("# fakebricks ")
        variables = 7 if "s3" in options else 5
        lines = [shlex.split(process.stdout.readline()) for _ in range(variables)]
        yield process, dict(line[1].split("=", 1) for line in lines if line[0] == "export")
    finally:
        process.kill()
        process.communicate()


def ask(printed: dict[str, str], method: str, path: str, body: dict | None = None) -> tuple[int, dict]:
    connection = HTTPConnection(printed["DATABRICKS_HOST"].removeprefix("http://"), timeout=60)
    headers = {"authorization": f"Bearer {printed['DATABRICKS_TOKEN']}"}
    connection.request(method, path, json.dumps(body) if body is not None else None, headers)
    response = connection.getresponse()
    answer = json.loads(response.read())
    connection.close()
    return response.status, answer


def test_what_it_prints_is_what_a_client_needs_and_its_token_is_its_own():
    with serving("--user", "joe@acme.test") as (_, printed), serving("--token", "dapi-mine") as (_, other):
        assert printed["MLFLOW_TRACKING_URI"] == "databricks"
        assert printed["MLFLOW_REGISTRY_URI"] == "databricks-uc"
        assert ask(printed, "GET", ME)[1]["userName"] == "joe@acme.test"
        assert other["DATABRICKS_TOKEN"] == "dapi-mine"
        assert ask(other, "GET", ME)[0] == 200
        assert ask({**other, "DATABRICKS_TOKEN": printed["DATABRICKS_TOKEN"]}, "GET", ME)[0] == 403


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly_and_leaves_no_files(number, tmp_path: Path):
    with serving(TMPDIR=str(tmp_path)) as (process, printed):
        assert ask(printed, "POST", "/_fakebricks/snapshot", {})[0] == 200
        process.send_signal(number)
        assert process.wait(60) == 0
        assert process.stderr.read() == ""
    assert list(tmp_path.iterdir()) == []


def test_a_port_that_is_taken_is_said_in_one_line():
    with serving() as (_, printed):
        port = printed["DATABRICKS_HOST"].rpartition(":")[2]
        second = subprocess.run([*SERVE, "--port", port], capture_output=True, text=True, timeout=120, check=False)
    assert second.returncode != 0
    assert second.stdout == ""
    assert second.stderr.count("\n") == 1
    assert f"port {port} on 127.0.0.1 is taken" in second.stderr


@pytest.mark.parametrize("options", [("--clock", "x0"), ("--clock", "moon"), ("--token", "a b"), ("--port", "70000")])
def test_a_bad_option_is_refused(options):
    refused = subprocess.run([*SERVE, *options], capture_output=True, text=True, timeout=120, check=False)
    assert refused.returncode == 2
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize("name", ["auto", "real", "x60"])
def test_its_clock_is_the_one_asked_for(name):
    with serving("--clock", name) as (_, printed):
        before = ask(printed, "GET", "/_fakebricks/clock")[1]
        time.sleep(0.1)  # in which the clock goes on, at its rate
        after = ask(printed, "POST", "/_fakebricks/clock/advance", {"minutes": 10})[1]
    assert before["clock"] == name
    least = 600 + (6 if name == "x60" else 0.1)
    assert least <= after["time"] - before["time"] < least + 60 * 60


def test_its_first_answer_needs_nothing_heavy():
    script = f"""
import sys
from fakebricks import Workspace
from fakebricks.cli import main
from fakebricks.wire import Request
with Workspace().serve() as server:
    from http.client import HTTPConnection
    connection = HTTPConnection(server.url.removeprefix("http://"))
    connection.request("GET", "/.well-known/databricks-config")
    assert connection.getresponse().status == 200
print([name for name in {HEAVY!r} if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout.strip() == "[]"


def test_databricks_sdk_in_another_process_finds_who_it_is_without_a_warning(tmp_path: Path):
    pytest.importorskip("databricks.sdk")
    script = "from databricks.sdk import WorkspaceClient; print(WorkspaceClient().current_user.me().user_name)"
    with serving() as (_, printed):
        asked = subprocess.run(
            [sys.executable, "-W", "default", "-c", script],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            env={**printed, "PATH": os.environ["PATH"], "HOME": str(tmp_path)},
        )
    assert asked.stdout.strip() == "jane@acme.test"
    assert asked.stderr == ""


def test_rate_limits_are_off_unless_asked_for():
    search = "/api/2.0/mlflow/runs/search"
    with serving("--rate-limits") as (_, limited), serving() as (_, free):
        assert 429 in [ask(limited, "POST", search, {})[0] for _ in range(20)]
        assert 429 not in [ask(free, "POST", search, {})[0] for _ in range(20)]


def test_a_runtime_and_its_image(monkeypatch):
    made = {}

    def workspace(*_, **options):
        made.update(options)
        raise ValueError("enough")

    monkeypatch.setattr("fakebricks.cli.Workspace", workspace)
    serve = ["serve", "--port", "0", "--runtime", "virtualenv"]
    CliRunner().invoke(main, [*serve, "--runtime-image", "15.4 LTS ML"])
    assert (made["runtime"], made["runtime_image"]) == ("virtualenv", "15.4 LTS ML")
    CliRunner().invoke(main, [*serve, "--runtime-image", "python==3.11", "--runtime-image", "scikit-learn==1.3.2"])
    assert made["runtime_image"] == {"python": "3.11", "scikit-learn": "1.3.2"}
    CliRunner().invoke(main, ["serve", "--port", "0"])
    assert (made["runtime"], made["runtime_image"]) == ("process", None)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--runtime", "conda"], "'conda' is not one of"),
        (["--runtime-image", "15.4 LTS ML"], "needs runtime='virtualenv'"),
        (["--runtime-image", "99.9", "--runtime", "docker"], "No runtime is known as '99.9'"),
        (["--runtime-image", "scikit-learn>=1", "--runtime", "docker"], "No runtime is known as 'scikit-learn>=1'"),
    ],
)
def test_a_runtime_that_there_is_not(options, reason):
    refused = CliRunner().invoke(main, ["serve", "--port", "0", *options])
    assert refused.exit_code == 2
    assert reason in " ".join(refused.output.split())


def test_durations_of_model_serving_are_set_by_name():
    with serving("--serving", "deployment=60", "--serving", "cold_start=10:30") as (_, printed):
        assert ask(printed, "GET", "/api/2.0/serving-endpoints")[0] == 200
    for wrong in ("deploiment=60", "deployment", "deployment=soon", "cold_start=30:10", "idle=1:2"):
        refused = CliRunner().invoke(main, ["serve", "--serving", wrong])
        assert refused.exit_code == 2
        assert "Invalid value for '--serving'" in refused.output


def test_model_files_by_s3_from_another_process_whose_clock_is_behind():
    with serving("--storage", "s3", "--clock", "auto") as (_, printed):
        uc = "/api/2.0/mlflow/unity-catalog"
        named = {"name": "main.default.m", "version": "1"}
        ask(printed, "POST", f"{uc}/registered-models/create", {"name": named["name"]})
        made = ask(printed, "POST", f"{uc}/model-versions/create", {"name": named["name"], "source": "here"})[1]
        bucket, _, prefix = made["model_version"]["storage_location"].removeprefix("s3://").partition("/")
        assert ask(printed, "POST", "/_fakebricks/clock/advance", {"days": 30})[0] == 200

        writing = {**named, "operation": "MODEL_VERSION_OPERATION_READ_WRITE"}
        issued = ask(printed, "POST", f"{uc}/model-versions/generate-temporary-credentials", writing)[1]["credentials"]
        aws = issued["aws_temp_credentials"]
        s3 = boto3.session.Session().client(
            "s3",
            endpoint_url=printed["AWS_ENDPOINT_URL_S3"],
            region_name="us-east-2",
            aws_access_key_id=aws["access_key_id"],
            aws_secret_access_key=aws["secret_access_key"],
            aws_session_token=aws["session_token"],
        )
        at = {"Bucket": bucket, "Key": f"{prefix}/MLmodel"}
        s3.put_object(**at, Body=MLMODEL)
        url = s3.generate_presigned_url("get_object", Params=at, ExpiresIn=60)
        assert requests.get(url, timeout=60).content == MLMODEL
        assert ask(printed, "POST", f"{uc}/model-versions/finalize", named)[1]["model_version"]["status"] == "READY"

        ask(printed, "POST", "/_fakebricks/clock/advance", {"hours": 1})
        with pytest.raises(ClientError, match="ExpiredToken"):
            s3.get_object(**at)
