"""Stored shapes of the S3 side. Times are milliseconds since the epoch."""

from __future__ import annotations

from fakebricks.state import Record


class CredentialRecord(Record, frozen=True):
    """A temporary AWS credential, which leads to the objects below one prefix of the workspace's bucket."""

    access_key_id: str
    secret_access_key: str
    session_token: str
    prefix: str
    """Of keys, without a slash at its end."""
    writing: bool
    issued_at: int
    expires_at: int

    def __repr__(self) -> str:
        """Without its secrets: a record may end up in an error."""
        return f"CredentialRecord(access_key_id={self.access_key_id!r}, prefix={self.prefix!r})"


class FinishedRecord(Record, frozen=True):
    """A prefix that nobody writes below any more."""

    prefix: str
