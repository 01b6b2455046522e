"""The wire: requests, replies, routing, decoding, errors, authentication, and the two ways in."""

from fakebricks.wire.authentication import Caller
from fakebricks.wire.calls import CallRecord, Calls
from fakebricks.wire.messages import Reply, Request
from fakebricks.wire.operations import Answer, Call, Operation, Routes, Shape
from fakebricks.wire.router import Router

__all__ = [
    "Answer",
    "Call",
    "CallRecord",
    "Caller",
    "Calls",
    "Operation",
    "Reply",
    "Request",
    "Router",
    "Routes",
    "Shape",
]
