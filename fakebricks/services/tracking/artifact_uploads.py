"""Uploads of artifacts in parts, which MLflow's client makes of files above 500 MB where it has no Files API.

Real: each part has a signed URL, which may be signed anew; the parts become one artifact when the upload is completed,
or nothing when it is aborted, by the URL that was given for that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fakebricks.services.files.signed_urls import SignedUrls
from fakebricks.services.files.uploads import Uploads
from fakebricks.services.tracking.artifacts import Artifacts
from fakebricks.wire.errors import InvalidParameterValue

_MOST_PARTS = 10_000
_LOGGED_MODEL = "m-"


@dataclass(frozen=True, slots=True)
class Begun:
    """An upload that is under way."""

    upload_id: str
    part_urls: list[str]
    """By number; the first part has number 1."""
    abort_url: str


class ArtifactUploads:
    """The uploads in parts to the artifacts of one workspace."""

    def __init__(self, artifacts: Artifacts, uploads: Uploads, signed_urls: SignedUrls) -> None:
        self._artifacts = artifacts
        self._uploads = uploads
        self._signed_urls = signed_urls

    def begin(self, owner_id: str, path: str, number_of_parts: int, base_url: str) -> Begun:
        """Begin an upload.

        Args:
            owner_id: of the run, or of the logged model, which MLflow's client sends in the same place (observed).
            path: relative to its artifact root.
            number_of_parts: how many there will be.
            base_url: where the client reaches the workspace.

        Raises:
            InvalidParameterValue: the path breaks a rule, or the number is none.
        """
        if not 1 <= number_of_parts <= _MOST_PARTS:
            raise InvalidParameterValue(f"num_parts must be between 1 and {_MOST_PARTS}, not {number_of_parts}.")
        stored = self._stored(owner_id, path)
        upload_id = self._uploads.begin(stored, overwrite=True)
        return Begun(
            upload_id,
            [self._part_url(upload_id, stored, number, base_url) for number in range(1, number_of_parts + 1)],
            self._signed_urls.sign("DELETE", self._uploads.directory(upload_id, stored), base_url),
        )

    def part_url(self, owner_id: str, path: str, upload_id: str, number: int, base_url: str) -> str:
        """A signed URL for one part, for who let the first one expire."""
        return self._part_url(upload_id, self._stored(owner_id, path), number, base_url)

    def complete(self, owner_id: str, path: str, upload_id: str, parts: Sequence[tuple[int, str]]) -> None:
        """Make one artifact of the parts, given by number and ETag."""
        self._uploads.complete(upload_id, self._stored(owner_id, path), parts)

    def _part_url(self, upload_id: str, stored: str, number: int, base_url: str) -> str:
        return self._signed_urls.sign("PUT", self._uploads.part_path(upload_id, stored, number), base_url)

    def _stored(self, owner_id: str, path: str) -> str:
        of = self._artifacts.of_logged_model if owner_id.startswith(_LOGGED_MODEL) else self._artifacts.of_run
        return self._artifacts.stored(of(owner_id)[0], path)
