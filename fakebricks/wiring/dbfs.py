"""DBFS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakebricks.services.dbfs.api import DbfsService
from fakebricks.services.dbfs.dbfs import Dbfs
from fakebricks.services.dbfs.streams import Streams
from fakebricks.services.files.files import Files

if TYPE_CHECKING:
    from fakebricks.wiring.services import Services


def wire(services: Services) -> None:
    """Add DBFS and its streams."""
    files = services[Files]
    dbfs = Dbfs(files)
    services.add(dbfs, DbfsService(dbfs, Streams(services.state, services.ids, services.clock, dbfs, files)))
