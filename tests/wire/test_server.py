"""The HTTP way in: what sockets can do wrong, tenancy, starting and stopping."""

from __future__ import annotations

import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection

import pytest

from fakebricks import Workspace
from fakebricks.clock import RealClock, VirtualClock
from fakebricks.wire import Reply
from fakebricks.wire.server import PortTakenError, Server

ME = "/api/2.0/preview/scim/v2/Me"
LONG = 60
"""More seconds than anything here takes on a busy machine."""


def exchange(url: str, content: bytes, *, finish: bool = False) -> bytes:
    """Everything that comes back for these bytes, until the server closes."""
    host, _, port = url.removeprefix("http://").rpartition(":")
    received = b""
    with socket.create_connection((host, int(port)), timeout=LONG) as connection:
        connection.sendall(content)
        if finish:
            connection.shutdown(socket.SHUT_WR)
        while piece := connection.recv(65536):
            received += piece
    return received


def me(server: Server, token: str) -> tuple[int, dict]:
    connection = HTTPConnection(server.url.removeprefix("http://"), timeout=LONG)
    connection.request("GET", ME, headers={"authorization": f"Bearer {token}"})
    response = connection.getresponse()
    answer = json.loads(response.read())
    connection.close()
    return response.status, answer


def own_call(server: Server, token: str | None, method: str, path: str, body: bytes = b"") -> Reply:
    connection = HTTPConnection(server.url.removeprefix("http://"), timeout=LONG)
    connection.request(method, path, body, {"authorization": f"Bearer {token}"} if token else {})
    response = connection.getresponse()
    reply = Reply(response.status, response.read())
    connection.close()
    return reply


@pytest.fixture
def own(workspace):
    """A server of the test's own, with one workspace."""
    with Server() as server:
        server.add(workspace)
        yield server


@pytest.fixture
def impatient(workspace):
    with Server(patience=1) as server:
        server.add(workspace)
        yield server


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"\x00\xff\xfe garbage \x01\r\n\r\n", 400),
        (b"GET\r\n\r\n", 400),
        (b"GET /x\r\n\r\n", 400),
        (b"GET / HTTP/9.9\r\n\r\n", 505),
        (b"BREW / HTTP/1.1\r\nHost: a\r\n\r\n", 405),
        (b"GET / HTTP/1.1\r\nHost: a/b?c\r\n\r\n", 400),
        (b"GET http://[x HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nX: " + b"a" * 70_000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\n" + b"X: a\r\n" * 200 + b"\r\n", 431),
        (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: two\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\n", 413),
        (b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\na", 400),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n", 400),
    ],
)
def test_what_is_no_request_is_refused_in_the_platforms_shape(own, workspace, content, status):
    refused(exchange(own.url, content), status)
    assert len(workspace.calls) == 0
    assert me(own, workspace.token)[0] == 200


def refused(reply: bytes, status: int) -> None:
    head, _, body = reply.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert b"connection: close" in head
    answer = json.loads(body)
    assert answer["error_code"] == "BAD_REQUEST"
    assert "Traceback" not in answer["message"]


def test_a_body_that_ends_early_is_refused(own):
    reply = exchange(own.url, b"POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc", finish=True)
    assert reply.startswith(b"HTTP/1.1 400 ")


def test_a_body_that_does_not_go_on_is_refused(impatient, workspace):
    refused(exchange(impatient.url, b"POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc"), 408)
    assert len(workspace.calls) == 0


def test_a_client_that_says_nothing_is_hung_up_on(impatient):
    assert exchange(impatient.url, b"") == b""


def test_a_chunked_body_arrives_whole(own, workspace):
    head = f"POST /api/2.0/nothing HTTP/1.1\r\nAuthorization: Bearer {workspace.token}\r\nConnection: close\r\n"
    exchange(
        own.url,
        head.encode()
        + b'Transfer-Encoding: chunked\r\n\r\n3;x=y\r\n{"a\r\nb\r\n": 1234567}\r\n0\r\nTrailer: x\r\n\r\n',
    )
    assert workspace.calls[-1].request_body == b'{"a": 1234567}'


def test_requests_that_are_sent_ahead_are_answered_in_order(own, workspace):
    head = f"Host: a\r\nAuthorization: Bearer {workspace.token}\r\n"
    first, second = f"GET {ME} HTTP/1.1\r\n{head}\r\n", f"GET /api/no HTTP/1.1\r\n{head}Connection: close\r\n\r\n"
    replies = exchange(own.url, (first + second).encode())
    assert replies.index(b"HTTP/1.1 200") < replies.index(b"HTTP/1.1 501")


def test_a_connection_is_kept_and_head_has_no_body(own, workspace):
    connection = HTTPConnection(own.url.removeprefix("http://"), timeout=LONG)
    headers = {"authorization": f"Bearer {workspace.token}"}
    connection.request("HEAD", ME, headers=headers)
    response = connection.getresponse()
    assert (response.status, response.read()) == (200, b"")
    assert int(response.headers["content-length"]) > 0
    first = connection.sock
    connection.request("GET", ME, headers=headers)
    assert json.loads(connection.getresponse().read())["userName"] == workspace.user_name
    assert connection.sock is first
    connection.close()


def test_fifty_clients_at_once_are_all_answered(own, workspace):
    before = threading.active_count()
    with ThreadPoolExecutor(50) as pool:
        statuses = [status for status, _ in pool.map(lambda _: me(own, workspace.token), range(200))]
    assert statuses == [200] * 200
    deadline = time.monotonic() + LONG
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert threading.active_count() <= before


def test_a_token_names_its_workspace(own, workspace):
    other = Workspace(seed=1, user="joe@acme.test")
    own.add(other)
    assert me(own, workspace.token)[1]["userName"] == workspace.user_name
    assert me(own, other.token)[1]["userName"] == "joe@acme.test"
    assert me(own, "unknown")[0] == 403
    own.remove(other)
    assert me(own, other.token)[0] == 403
    assert [call.caller for call in other.calls] == ["joe@acme.test", None]
    other.close()


def test_a_signed_url_leads_to_the_workspace_that_made_it(own, workspace):
    other = Workspace(seed=1)
    own.add(other)

    def post(path: str, body: dict) -> dict:
        return own_call(own, workspace.token, "POST", path, json.dumps(body).encode()).json()

    experiment = post("/api/2.0/mlflow/experiments/create", {"name": "/Shared/signed"})["experiment_id"]
    run = post("/api/2.0/mlflow/runs/create", {"experiment_id": experiment})["run"]["info"]["run_id"]
    path = f"/WorkspaceInternal/Mlflow/Artifacts/{experiment}/Runs/{run}/artifacts/a.bin"
    assert own_call(own, workspace.token, "PUT", f"/api/2.0/fs/files{path}", b"abc").status == 204
    url = post(f"/api/2.0/fs/create-download-url?path={path}", {})["url"]
    assert url.startswith(f"{own.url}/")
    fetched = own_call(own, None, "GET", url.removeprefix(own.url))
    assert (fetched.status, fetched.body) == (200, b"abc")
    forged = own_call(own, None, "GET", url.removeprefix(own.url).replace("signature=", "signature=0"))
    assert forged.status == 403
    assert [call.status for call in other.calls] == [403]
    other.close()


def test_a_server_without_a_workspace_is_unavailable():
    with Server() as server:
        status, answer = me(server, "any")
    assert (status, answer["error_code"]) == (503, "TEMPORARILY_UNAVAILABLE")


def test_a_port_that_is_taken_is_said_at_once(own):
    with pytest.raises(PortTakenError, match="is taken"):
        Server(port=int(own.url.rpartition(":")[2])).start()


def test_a_stopped_server_leaves_no_thread_and_its_port(workspace):
    before = set(threading.enumerate())
    server = workspace.serve().start()
    connection = HTTPConnection(server.url.removeprefix("http://"), timeout=LONG)
    connection.request("GET", "/.well-known/databricks-config")
    connection.getresponse().read()
    port = int(server.url.rpartition(":")[2])
    server.stop()
    assert not set(threading.enumerate()) - before
    with Server(port=port):
        connection.close()


class Slow:
    """A workspace whose every reply takes ten simulated minutes."""

    def __init__(self, clock):
        self.clock = clock

    def recognises(self, request):
        return True

    def handle(self, request):
        return Reply.of_json({}, duration=600)


def test_on_a_virtual_clock_a_slow_reply_comes_at_once_and_time_has_passed():
    slow = Slow(VirtualClock())
    before = slow.clock.time()
    with Server() as server:
        server.add(slow)
        began = time.monotonic()
        assert me(server, "any")[0] == 200
    assert time.monotonic() - began < LONG
    assert slow.clock.time() - before >= 600


class Met(RealClock):
    """A real clock on which so many wait at the same time, or the test ends with an error."""

    def __init__(self, many, rate=1.0):
        super().__init__(rate=rate)
        self.met = threading.Barrier(many)

    def spend(self, seconds, interrupt=None):
        self.met.wait(LONG)
        super().spend(seconds, interrupt)


def test_on_a_real_clock_a_slow_reply_takes_its_time_and_disturbs_nobody(workspace):
    with Server() as server:
        server.add(Slow(Met(4, rate=2000)))
        began = time.monotonic()
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda _: me(server, "any"), range(4)))
    assert time.monotonic() - began >= 0.3


def test_stopping_does_not_wait_for_a_slow_reply():
    clock = Met(2)
    with Server() as server:
        server.add(Slow(clock))
        exchange_thread = threading.Thread(target=exchange, args=(server.url, b"GET / HTTP/1.1\r\n\r\n"))
        exchange_thread.start()
        clock.met.wait(LONG)
        began = time.monotonic()
        server.stop()
        assert time.monotonic() - began < LONG
        exchange_thread.join()
