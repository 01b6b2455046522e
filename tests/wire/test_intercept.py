"""The way in without sockets, under the clients' real connections, pools, retries and timeouts."""

from __future__ import annotations

import asyncio
import io
import os
import subprocess
import sys
import textwrap
import threading
import time
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import boto3
import httpx
import pytest
import requests
import responses
import urllib3
from moto import mock_aws
from requests.adapters import HTTPAdapter

from fakebricks import fake_workspace
from fakebricks.clock import VirtualClock
from fakebricks.wire import Reply, Request
from fakebricks.wire.intercept import Interception

HOST = "https://ws.fakebricks.test"


class Answers:
    """The least that a workspace can be: it says what it was asked."""

    def __init__(self, reply: Callable[[Request], Reply] | None = None) -> None:
        self.clock = VirtualClock(rate=0)
        self.host = HOST
        self.asked: list[Request] = []
        self._reply = reply or (lambda request: Reply.of_json({"body": len(request.body), "path": request.path}))

    def handle(self, request: Request) -> Reply:
        self.asked.append(request)
        return self._reply(request)


@pytest.fixture
def answers():
    answers = Answers()
    with Interception(answers):
        yield answers


def slow(seconds: float) -> Answers:
    return Answers(lambda _: Reply.of_json({}, duration=seconds))


def in_bucket() -> str:
    """What moto keeps, through boto3."""
    client = boto3.client("s3", region_name="us-east-1")
    client.create_bucket(Bucket="models")
    client.put_object(Bucket="models", Key="k", Body=b"x" * 1000)
    return str(len(client.get_object(Bucket="models", Key="k")["Body"].read()))


def ask() -> dict[str, object]:
    return requests.post(f"{HOST}/a%20b?x=1&x=2", data=b"123", timeout=5).json()


def test_a_request_arrives_as_it_was_sent(answers):
    reply = requests.post(f"{HOST}/a%20b?x=1&x=&y=%2F", json={"k": "é"}, headers={"X-Mine": "yes"}, timeout=5)
    asked = answers.asked[0]
    assert (asked.method, asked.path, asked.query) == ("POST", "/a b", (("x", "1"), ("x", ""), ("y", "/")))
    assert asked.headers["x-mine"] == "yes"
    assert asked.headers["host"] == "ws.fakebricks.test"
    assert asked.base == HOST
    assert reply.request.body == asked.body
    assert reply.headers["content-type"] == "application/json"
    assert reply.reason == "OK"


@pytest.mark.parametrize(
    "body",
    [b"abc", "abc", bytearray(b"abc"), io.BytesIO(b"abc"), io.StringIO("abc"), [b"a", b"bc"], (c for c in "abc")],
    ids=lambda body: type(body).__name__,
)
def test_every_kind_of_body_arrives(answers, body):
    urllib3.PoolManager().request("PUT", f"{HOST}/f", body=body)
    assert answers.asked[0].body == b"abc"


def test_plain_http_and_a_port_are_told_to_the_workspace():
    answers = Answers()
    with Interception(answers):
        requests.get("http://ws.fakebricks.test:8080/x", timeout=5)
    assert answers.asked[0].base == "http://ws.fakebricks.test:8080"


def test_a_reply_to_head_has_its_length_and_no_body():
    with Interception(Answers(lambda _: Reply(200, b"12345", {"content-length": "5"}))):
        reply = requests.head(f"{HOST}/f", timeout=5)
        assert (reply.headers["content-length"], reply.content) == ("5", b"")
        with httpx.Client() as client:
            reply = client.head(f"{HOST}/f")
        assert (reply.headers["content-length"], reply.content) == ("5", b"")


def test_12_megabytes_go_up_and_down(answers):
    content = bytes(range(256)) * 48 * 1024
    answers._reply = lambda request: Reply(200, request.body)
    assert requests.put(f"{HOST}/f", data=io.BytesIO(content), timeout=5).content == content


def test_streamed_replies_give_their_connections_back(answers):
    """A pool that blocks, as databricks-sdk's does, would hang here after 20 replies."""
    answers._reply = lambda _: Reply(200, b"x" * 100_000)
    with requests.Session() as session:
        session.mount("https://", HTTPAdapter(pool_maxsize=20, pool_block=True))
        for _ in range(50):
            reply = session.get(f"{HOST}/f", stream=True, timeout=5)
            assert sum(len(piece) for piece in reply.iter_content(8192)) == 100_000


def test_replies_read_whole_give_their_connections_back(answers):
    with requests.Session() as session:
        session.mount("https://", HTTPAdapter(pool_maxsize=2, pool_block=True))
        for _ in range(10):
            assert session.get(f"{HOST}/f", stream=True, timeout=5).content


def test_a_retry_reads_the_workspace_again():
    replies = iter([Reply(503), Reply(429), Reply(200, b"ok")])
    with Interception(Answers(lambda _: next(replies))), requests.Session() as session:
        session.mount("https://", HTTPAdapter(max_retries=urllib3.Retry(3, status_forcelist=(503, 429))))
        assert session.get(f"{HOST}/f", timeout=5).content == b"ok"


def test_a_redirect_is_followed(answers):
    answers._reply = lambda request: (
        Reply(302, b"", {"location": "/there"}) if request.path == "/here" else Reply(200, request.path.encode())
    )
    assert requests.get(f"{HOST}/here", timeout=5).content == b"/there"


def test_threads_are_answered_each_its_own(answers):
    def one(number: int) -> object:
        return requests.get(f"{HOST}/{number}", timeout=5).json()["path"]

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(one, range(100))) == [f"/{number}" for number in range(100)]


def test_a_reply_that_takes_longer_than_the_timeout_is_the_client_s_own_error():
    answers = slow(20)
    before = answers.clock.time()
    with Interception(answers):
        with pytest.raises(requests.exceptions.ReadTimeout, match="Read timed out"):
            requests.get(f"{HOST}/f", timeout=(3, 10))
        assert answers.clock.time() == before + 10
        requests.get(f"{HOST}/f", timeout=30)
        requests.get(f"{HOST}/f")
        assert answers.clock.time() == before + 50
        with pytest.raises(urllib3.exceptions.ReadTimeoutError):
            urllib3.PoolManager().request("GET", f"{HOST}/f", timeout=1, retries=False)


def test_simulated_time_that_passes_while_the_workspace_works_counts_too():
    answers = Answers()

    def sleeps(_: Request) -> Reply:
        answers.clock.spend(15)
        return Reply(duration=5, passed=15)

    answers._reply = sleeps
    before = answers.clock.time()
    with Interception(answers):
        with pytest.raises(requests.exceptions.ReadTimeout):
            requests.get(f"{HOST}/f", timeout=18)
        assert answers.clock.time() == before + 18
        assert requests.get(f"{HOST}/f", timeout=21).status_code == 200


def test_httpx_times_out_on_its_own_terms():
    answers = slow(20)
    before = answers.clock.time()
    with Interception(answers), httpx.Client() as client:
        with pytest.raises(httpx.ReadTimeout):
            client.get(f"{HOST}/f", timeout=5)
        assert answers.clock.time() == before + 5
        assert client.get(f"{HOST}/f", timeout=None).status_code == 200
        with pytest.raises(httpx.ReadTimeout):
            asyncio.run(asynchronously(2))


async def asynchronously(seconds: float = 5) -> httpx.Response:
    async with httpx.AsyncClient() as client:
        return await client.post(f"{HOST}/f", content=b"1234", timeout=seconds)


def test_httpx_synchronous_and_asynchronous(answers):
    with httpx.Client() as client:
        assert client.post(f"{HOST}/f", content=b"123").json()["body"] == 3
    assert asyncio.run(asynchronously()).json()["body"] == 4


def test_httpx_elsewhere_goes_where_it_went(answers):
    with httpx.Client() as client, pytest.raises(httpx.ConnectError):
        client.get("https://elsewhere.invalid/")


def test_other_hosts_go_where_they_went(answers):
    with pytest.raises(requests.exceptions.ConnectionError):
        requests.get("https://elsewhere.invalid/", timeout=5)
    assert answers.asked == []


def test_proxies_of_the_environment_and_of_the_call_are_not_asked(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    with fake_workspace(strict=False) as workspace:
        url = f"{workspace.host}/.well-known/databricks-config"
        assert requests.get(url, timeout=5).status_code == 200
        assert requests.get(url, proxies={"https": "http://127.0.0.1:9"}, timeout=5).status_code == 200
        assert httpx.get(url).status_code == 200


PATCHED = [
    (urllib3.connection.HTTPConnection, "connect"),
    (urllib3.connection.HTTPConnection, "request"),
    (urllib3.connection.HTTPConnection, "getresponse"),
    (urllib3.connection.HTTPSConnection, "connect"),
    (requests.Session, "get_adapter"),
    (httpx.HTTPTransport, "handle_request"),
    (httpx.AsyncHTTPTransport, "handle_async_request"),
]


def test_everything_is_put_back_also_after_an_error():
    before = [vars(owner)[name] for owner, name in PATCHED]
    with pytest.raises(ZeroDivisionError), Interception(Answers()):
        assert all(vars(owner)[name] is not one for (owner, name), one in zip(PATCHED, before, strict=True))
        raise ZeroDivisionError
    assert [vars(owner)[name] for owner, name in PATCHED] == before


def test_interceptions_may_end_in_any_order():
    before = [vars(owner)[name] for owner, name in PATCHED]
    first, second = Answers(), Answers()
    second.host = "https://other.fakebricks.test"
    one, two = Interception(first), Interception(second)
    one.__enter__()
    two.__enter__()
    one.__exit__(None, None, None)
    assert requests.get("https://other.fakebricks.test/x", timeout=5).status_code == 200
    with pytest.raises(requests.exceptions.ConnectionError):
        ask()
    two.__exit__(None, None, None)
    assert [vars(owner)[name] for owner, name in PATCHED] == before
    assert (len(first.asked), len(second.asked)) == (0, 1)


def test_nested_workspaces_are_both_reached():
    outer, inner = Answers(), Answers()
    inner.host = "https://inner.fakebricks.test"
    with Interception(outer), Interception(inner):
        ask()
        requests.get("https://inner.fakebricks.test/x", timeout=5)
    assert (len(outer.asked), len(inner.asked)) == (1, 1)


# moto's mock_aws, in every order


def test_moto_entered_before(answers):
    with ExitStack() as stack:
        stack.enter_context(mock_aws())
        stack.enter_context(Interception(answers))
        assert in_bucket() == "1000"
        assert ask()["body"] == 3


def test_moto_entered_after(answers):
    with Interception(answers), mock_aws():
        assert in_bucket() == "1000"
        assert ask()["body"] == 3


@pytest.mark.parametrize("outer", ["moto", "fakebricks"])
def test_moto_as_decorator_with_the_whole_fixture(outer):
    def body() -> tuple[str, int]:
        found = in_bucket()
        return found, requests.get(
            f"{os.environ['DATABRICKS_HOST']}/.well-known/databricks-config", timeout=5
        ).status_code

    decorated = mock_aws(fake_workspace()(body)) if outer == "moto" else fake_workspace()(mock_aws(body))
    assert decorated() == ("1000", 200)


# A user's own `responses`, in every order


def both_answer() -> None:
    responses.get("https://api.example.test/x", json={"mine": 1})
    assert requests.get("https://api.example.test/x", timeout=5).json() == {"mine": 1}
    assert ask()["body"] == 3
    with pytest.raises(requests.exceptions.ConnectionError, match="refused by Responses"):
        requests.get("https://api.example.test/unknown", timeout=5)


def test_responses_activated_inside(answers):
    with Interception(answers):
        responses.activate(both_answer)()


def test_responses_activated_around(answers):
    @responses.activate
    def test() -> None:
        with Interception(answers):
            both_answer()

    test()


def test_responses_activated_before_fakebricks_is_imported(pytester):
    pytester.makepyfile(
        """
        import requests, responses

        @responses.activate
        def test_it():
            responses.get("https://api.example.test/x", json={"mine": 1})
            from fakebricks import fake_workspace
            with fake_workspace() as workspace:
                assert requests.get(workspace.host + "/.well-known/databricks-config").status_code == 200
                assert requests.get("https://api.example.test/x").json() == {"mine": 1}
        """
    )
    result = pytester.runpytest_subprocess("-p", "no:fakebricks", "-p", "no:randomly", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=1)


def test_an_adapter_of_the_user_s_own_stays_in_play_under_responses(answers):
    class Counting(HTTPAdapter):
        sent = 0

        def send(self, *args, **options):
            self.sent += 1
            return super().send(*args, **options)

    with responses.RequestsMock(), requests.Session() as session:
        adapter = Counting()
        session.mount("https://", adapter)
        assert session.get(f"{HOST}/x", timeout=5).status_code == 200
        assert adapter.sent == 1


def test_moto_and_responses_and_the_workspace_together(answers):
    with responses.RequestsMock() as mock:
        mock.get("https://api.example.test/x", json={"mine": 1})
        with mock_aws(), Interception(answers):
            assert in_bucket() == "1000"
            assert ask()["body"] == 3
        assert requests.get("https://api.example.test/x", timeout=5).json() == {"mine": 1}


def test_nothing_is_kept_of_a_finished_interception():
    with Interception(Answers()):
        ask()
    tracemalloc.start()
    for _ in range(20):
        with Interception(Answers()):
            pass
    before = tracemalloc.get_traced_memory()[0]
    for _ in range(200):
        with Interception(Answers()):
            pass
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert grown < 400_000


def test_a_forked_process_is_refused(answers):
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            ask()
        except RuntimeError as error:
            os.write(writer, str(error).encode())
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    assert b"POST /a b came from a process forked" in os.read(reader, 1000)


def test_calls_from_a_thread_that_was_there_before():
    answers, done, begin = Answers(), [], threading.Event()

    def work() -> None:
        begin.wait(60)
        done.append(ask()["body"])

    thread = threading.Thread(target=work)
    thread.start()
    with Interception(answers):
        begin.set()
        thread.join(60)
    assert done == [3]


def test_a_call_is_cheap(answers):
    with requests.Session() as session:
        assert min(cost(session) for _ in range(50)) < 0.01


def cost(session: requests.Session) -> float:
    """The seconds of this thread's own work that a call takes."""
    began = time.thread_time()
    session.get(f"{HOST}/x", timeout=5)
    return time.thread_time() - began


def test_libraries_imported_meanwhile_are_seen_and_none_is_imported_for_it():
    code = """
        import sys
        from fakebricks import fake_workspace
        with fake_workspace() as workspace:
            assert not {"httpx", "requests", "urllib3"} & set(sys.modules)
            import httpx, requests
            url = workspace.host + "/.well-known/databricks-config"
            assert (requests.get(url).status_code, httpx.get(url).status_code) == (200, 200)
            assert type(httpx.__loader__).__name__ == type(httpx.__spec__.loader).__name__ == "SourceFileLoader"
            ours = requests.Session.get_adapter, httpx.HTTPTransport.handle_request
        assert requests.Session.get_adapter is not ours[0]
        assert httpx.HTTPTransport.handle_request is not ours[1]
        assert not any(type(one).__module__.startswith("fakebricks") for one in sys.meta_path)
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=True)
