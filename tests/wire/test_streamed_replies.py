"""Replies in pieces: the server sends each when it is there; who is in process gets them all."""

from __future__ import annotations

import socket
import threading
from http.client import HTTPConnection

import httpx
import httpx2
import pytest
import requests

from fakebricks.clock import VirtualClock
from fakebricks.wire import Reply, Request
from fakebricks.wire.intercept import Interception
from fakebricks.wire.server import Server
from fakebricks.wire.wsgi import wsgi_application

PIECES = [b"data: 1\n\n", b"", b"data: 2\n\n"]
HEADERS = {"content-type": "text/event-stream"}


class Speaker:
    """The least that a workspace can be that speaks in pieces; `may_go_on` lets it say the second one."""

    def __init__(self) -> None:
        self.clock = VirtualClock(rate=0)
        self.host = "https://ws.fakebricks.test"
        self.may_go_on = threading.Event()
        self.may_go_on.set()
        self.closed = threading.Event()

    def handle(self, request: Request) -> Reply:
        return Reply(200, b"", HEADERS, chunks=self._pieces())

    def recognises(self, request: Request) -> bool:
        return True

    def _pieces(self):
        try:
            for piece in PIECES:
                yield piece
                assert self.may_go_on.wait(60)
        finally:
            self.closed.set()


@pytest.fixture
def speaker():
    return Speaker()


@pytest.fixture
def address(speaker):
    with Server() as server:
        server.add(speaker)
        yield server.url.removeprefix("http://")


def test_the_first_piece_is_there_before_the_second_is_made(speaker, address):
    speaker.may_go_on.clear()
    connection = HTTPConnection(address, timeout=60)
    connection.request("GET", "/x")
    response = connection.getresponse()
    assert (response.getheader("transfer-encoding"), response.getheader("content-length")) == ("chunked", None)
    assert response.readline() == b"data: 1\n"
    speaker.may_go_on.set()
    assert response.read() == b"\ndata: 2\n\n"
    connection.request("GET", "/x")  # the connection is kept
    assert connection.getresponse().read() == b"".join(PIECES)
    connection.close()


def test_a_client_of_http_1_0_sees_the_end_in_the_close(address):
    host, _, port = address.partition(":")
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        connection.sendall(b"GET /x HTTP/1.0\r\n\r\n")
        received = b"".join(iter(lambda: connection.recv(4096), b""))
    head, _, body = received.partition(b"\r\n\r\n")
    assert (b"chunked" in head, body) == (False, b"".join(PIECES))


def test_a_client_that_goes_away_ends_the_stream(speaker, address):
    speaker.may_go_on.clear()
    connection = HTTPConnection(address, timeout=60)
    connection.request("GET", "/x")
    connection.getresponse().close()
    connection.close()
    speaker.may_go_on.set()
    assert speaker.closed.wait(60)


def test_the_wsgi_way_in_hands_the_pieces_over(speaker):
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/x",
        "SERVER_NAME": "a",
        "SERVER_PORT": "80",
        "wsgi.url_scheme": "http",
    }
    told = []
    answer = wsgi_application(speaker)(environ, lambda *said: told.append(said))
    assert list(answer) == PIECES
    assert told == [("200 OK", list(HEADERS.items()))]


def test_in_process_every_library_gets_all_of_them(speaker):
    url = f"{speaker.host}/x"
    with Interception(speaker):
        answers = [
            requests.get(url, timeout=5).content,
            b"".join(requests.get(url, timeout=5, stream=True).iter_content(3)),
            httpx.get(url).content,
            httpx2.get(url).content,
        ]
        with httpx2.stream("GET", url) as response:
            answers.append(b"".join(response.iter_bytes()))
    assert answers == [b"".join(PIECES)] * 5


def test_httpx2_times_out_on_its_own_terms():
    class Slow(Speaker):
        def handle(self, request: Request) -> Reply:
            return Reply(200, b"", duration=30)

    slow = Slow()
    before = slow.clock.time()
    with Interception(slow), httpx2.Client() as client, pytest.raises(httpx2.ReadTimeout):
        client.get(f"{slow.host}/x", timeout=5)
    assert slow.clock.time() == before + 5


def test_a_streamed_reply_is_read_once():
    reply = Reply(200, b"", chunks=Speaker()._pieces())
    assert reply.whole().body == b"".join(PIECES)
    assert reply.whole().body == b""
