"""The endpoint of S3, of the workspace itself: every request to it, in S3's own protocol.

Real: path-style requests below `/_fakebricks/s3`, which the guard has let through and moto answers.
Refused: where the workspace's storage is another one, everything.
"""

from __future__ import annotations

from fakebricks.services.files.s3.errors import S3Refusal, render
from fakebricks.services.files.s3.guard import Guard
from fakebricks.services.files.s3.moto_s3 import REGION, OwnBucket, answer_of_moto
from fakebricks.services.files.s3.places import S3_PATH, is_s3
from fakebricks.wire.errors import NotImplementedByFakebricks
from fakebricks.wire.messages import Reply, Request
from fakebricks.wire.operations import Call, Routes, Shape

routes = Routes()

_PATHS = (S3_PATH, f"{S3_PATH}/<path:place>")


class S3Endpoint:
    """The workspace's S3: its own bucket behind the guard, and beside it the buckets of the test's own."""

    def __init__(self, bucket: OwnBucket | None, guard: Guard | None) -> None:
        self._bucket = bucket
        self._guard = guard

    def answer(self, request: Request) -> Reply:
        """S3's reply.

        Raises:
            S3Refusal: the guard does not let it through.
            NotImplementedByFakebricks: the workspace has no S3, or the operation is not computed.
        """
        if self._bucket is None or self._guard is None:
            raise NotImplementedByFakebricks("This workspace has no S3; give it one by the option storage='s3'.")
        if not self._guard.guards(request):
            return answer_of_moto(request)
        self._guard.check(request)
        return self._bucket.answer(request)

    def recognises(self, request: Request) -> bool:
        """Whether a request is for this workspace's bucket, or comes with one of its credentials."""
        return self._guard is not None and is_s3(request) and self._guard.guards(request)


class AtPlace(Shape):
    place: str = ""


@routes.head(*_PATHS, public=True, opaque=True)
@routes.get(*_PATHS, public=True, opaque=True)
@routes.put(*_PATHS, public=True, opaque=True)
@routes.post(*_PATHS, public=True, opaque=True)
@routes.delete(*_PATHS, public=True, opaque=True)
def answer_s3(endpoint: S3Endpoint, call: Call, body: AtPlace) -> Reply:
    try:
        return endpoint.answer(call.request)
    except S3Refusal as refusal:
        reply = render(refusal, call.request_id)
        return Reply(reply.status, reply.body, {**reply.headers, "x-amz-bucket-region": REGION})
