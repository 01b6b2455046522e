"""The API of DBFS, whose files are there from the beginning."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakebricks.services.dbfs.api import DbfsService
from fakebricks.services.dbfs.dbfs import Dbfs
from fakebricks.services.dbfs.streams import Streams
from fakebricks.services.files.files import Files

if TYPE_CHECKING:
    from fakebricks.wiring.services import Services


def wire(services: Services) -> None:
    """Add what clients read and write by."""
    dbfs = services[Dbfs]
    streams = Streams(services.state, services.ids, services.clock, dbfs, services[Files])
    services.add(DbfsService(dbfs, streams))
