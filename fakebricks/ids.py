"""Identifiers and chance, both deterministic under the workspace's seed."""

from __future__ import annotations

import random
import uuid
from dataclasses import dataclass


class Ids:
    """Makes the platform's kinds of identifiers from one seeded source."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._random = random.Random(f"fakebricks ids {seed}")

    def hex32(self) -> str:
        """32 hexadecimal digits: runs, endpoints, served entities."""
        return f"{self._random.getrandbits(128):032x}"

    def uuid(self) -> str:
        """A UUID of version 4: catalogs, schemas, requests."""
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def number(self, digits: int = 16) -> str:
        """A decimal number of that many digits: experiments, workspaces, users."""
        return str(self._random.randrange(10 ** (digits - 1), 10**digits))

    def chance(self, *about: str | int) -> float:
        """A number in [0, 1) that depends on the seed and on what it is about, and not on what was drawn before."""
        return random.Random(f"fakebricks chance {self._seed} {about!r}").random()

    def token(self) -> str:
        """A personal access token."""
        return f"dapi{self.hex32()}"


@dataclass(frozen=True, slots=True)
class WorkspaceIdentity:
    """What a workspace is called, and where its clients reach it."""

    host: str
    """A URL without a trailing slash."""
    workspace_id: str
    account_id: str
