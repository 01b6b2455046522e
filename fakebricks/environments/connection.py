"""A worker, as its client sees it: one request at a time over a socket, each with a limit in real time.

The protocol is in `worker.py`. A worker may be in a process beside this one or in a container.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from typing import Any

from fakebricks.environments.processes import Deadline
from fakebricks.environments.worker import PROTOCOL, SIZES, Message, packed

_LARGEST_HEAD = 4 << 20
_LARGEST_BODY = 1 << 30


class WorkerGoneError(Exception):
    """The worker has ended, in the middle of a request or before it, or no longer speaks the protocol."""


class WorkerTooSlowError(Exception):
    """The worker has not answered within the limit; it is in the middle of something, and good for nothing more."""


class ModelFailedError(Exception):
    """The worker cannot load the model. The message is why; `log` is what a model server would have logged."""

    def __init__(self, message: str, log: str) -> None:
        super().__init__(message)
        self.log = log


class Connection:
    """The client's end. Not for two threads at once."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection

    def greeted(self, secret: str, seconds: float) -> Mapping[str, Any]:
        """What the worker says of itself when it starts.

        Args:
            secret: what it was given to prove itself by; empty where it need not.
            seconds: how long it may take.

        Raises:
            WorkerGoneError: it ended instead, speaks another version of the protocol, or is somebody else.
            WorkerTooSlowError: it says nothing.
        """
        head = self._receive(Deadline(seconds)).head
        if head.get("ready") != PROTOCOL:
            raise WorkerGoneError(f"The worker speaks version {head.get('ready')} of the protocol, and not {PROTOCOL}.")
        if head.get("secret") != secret:
            raise WorkerGoneError("Somebody else has connected in place of the worker.")
        return head

    def load(self, directory: str, variables: Mapping[str, str], seconds: float) -> Mapping[str, Any]:
        """Have it load a model; its answer, with the version of MLflow that did.

        Raises:
            ModelFailedError: the model does not load.
            WorkerGoneError: the worker has ended meanwhile.
            WorkerTooSlowError: loading took too long.
        """
        answer = self.ask(Message({"do": "load", "directory": directory, "variables": dict(variables)}), seconds)
        if "failed" in answer.head:
            raise ModelFailedError(answer.head["failed"], answer.body.decode("utf-8", "replace"))
        return answer.head

    def ask(self, message: Message, seconds: float) -> Message:
        """The answer to a message.

        Raises:
            WorkerGoneError: the worker has ended meanwhile.
            WorkerTooSlowError: the answer took too long.
        """
        deadline = Deadline(seconds)
        try:
            self._socket.settimeout(_some(deadline))
            self._socket.sendall(packed(message))
        except TimeoutError as error:
            raise WorkerTooSlowError from error
        except OSError as error:
            raise WorkerGoneError from error
        return self._receive(deadline)

    def idle(self) -> bool:
        """Whether the worker is there, and waits for a request."""
        self._socket.settimeout(0)
        try:
            self._socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False  # between requests, there is nothing to be read but the end

    def close(self) -> None:
        """Leave the worker."""
        self._socket.close()

    def _receive(self, deadline: Deadline) -> Message:
        head, body = SIZES.unpack(self._bytes(SIZES.size, deadline))
        if head > _LARGEST_HEAD or body > _LARGEST_BODY:
            raise WorkerGoneError("The worker's answer is larger than any answer is.")
        content = self._bytes(head + body, deadline)
        try:
            answer = json.loads(bytes(content[:head]))
        except ValueError as error:
            raise WorkerGoneError("The worker's answer is no message.") from error
        if not isinstance(answer, dict):
            raise WorkerGoneError("The worker's answer is no message.")
        return Message(answer, bytes(content[head:]))

    def _bytes(self, size: int, deadline: Deadline) -> memoryview:
        content = memoryview(bytearray(size))
        there = 0
        try:
            while there < size:
                self._socket.settimeout(_some(deadline))
                count = self._socket.recv_into(content[there:])
                if not count:
                    raise WorkerGoneError
                there += count
        except TimeoutError as error:
            raise WorkerTooSlowError from error
        except OSError as error:
            raise WorkerGoneError from error
        return content


def _some(deadline: Deadline) -> float:
    """Seconds left; a limit of none at all would mean not to wait at all, which is another mode."""
    return max(deadline.left(), 0.001)
