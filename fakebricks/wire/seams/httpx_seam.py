"""The seam in httpx: its transports. The OpenAI client before its version 3 goes through it."""

from __future__ import annotations

from collections.abc import Iterable

import httpx

from fakebricks.patching import Patch
from fakebricks.wire.intercept import Line
from fakebricks.wire.seams.httpx_transports import patches_of


def patches(line: Line) -> Iterable[Patch]:
    """What has to be replaced so that requests to the workspace's host lead to it."""
    return patches_of(httpx, line)
