"""The seam in httpx2: its transports. The OpenAI client from its version 3 on goes through it."""

from __future__ import annotations

from collections.abc import Iterable

import httpx2

from fakebricks.patching import Patch
from fakebricks.wire.intercept import Line
from fakebricks.wire.seams.httpx_transports import patches_of


def patches(line: Line) -> Iterable[Patch]:
    """What has to be replaced so that requests to the workspace's host lead to it."""
    return patches_of(httpx2, line)
