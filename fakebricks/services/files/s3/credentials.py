"""Temporary AWS credentials, as the platform hands them out for one place in its storage.

Real: each is for one prefix, to read or to read and write, and it is over after an hour of the workspace's time.
Simulated: no account of AWS stands behind them; they are the workspace's own, and part of its snapshots.
Inferred: the hour (documented for AWS's own sessions of an assumed role), and that nobody writes with a credential
when what it was issued for is finished; a real one lives on.
"""

from __future__ import annotations

import base64

from fakebricks.clock import Clock
from fakebricks.ids import Ids
from fakebricks.services.files.s3.records import CredentialRecord, FinishedRecord
from fakebricks.state import State

VALIDITY = 3600 * 1000
"""How long a credential is good for, in milliseconds."""


class Credentials:
    """The credentials that one workspace has issued."""

    def __init__(self, state: State, ids: Ids, clock: Clock) -> None:
        self._issued = state.table("aws_credentials", CredentialRecord)
        self._finished = state.table("aws_finished_prefixes", FinishedRecord)
        self._ids = ids
        self._clock = clock

    def issue(self, prefix: str, *, writing: bool) -> CredentialRecord:
        """A new credential for the objects below a prefix, without a slash at its end."""
        now = self._clock.millis()
        credential = CredentialRecord(
            access_key_id=f"ASIA{base64.b32encode(self._bytes(16)).decode()[:16]}",
            secret_access_key=base64.b64encode(self._bytes(32)).decode()[:40],
            session_token=base64.b64encode(self._bytes(96)).decode(),
            prefix=prefix,
            writing=writing,
            issued_at=now,
            expires_at=now + VALIDITY,
        )
        self._issued.put((credential.access_key_id,), credential)
        return credential

    def find(self, access_key_id: str) -> CredentialRecord | None:
        """The credential of that access key, expired or not; None where it is not this workspace's."""
        return self._issued.get((access_key_id,))

    def finish(self, prefix: str) -> None:
        """Let the credentials for a prefix only read from now on."""
        self._finished.put((prefix,), FinishedRecord(prefix=prefix))

    def may_write(self, credential: CredentialRecord) -> bool:
        """Whether it was issued for writing, and what it was issued for is not finished."""
        return credential.writing and self._finished.get((credential.prefix,)) is None

    def _bytes(self, count: int) -> bytes:
        return b"".join(bytes.fromhex(self._ids.hex32()) for _ in range(count // 16))
