"""What every workspace has from its beginning: people, their folders, files, DBFS, catalogs, and its first warehouse.

Whatever writes to the state or draws ids as it is made belongs here: other rooms may be wired in the middle of a
transaction that fails, or after the snapshot that the workspace goes back to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakebricks.services.dbfs.dbfs import Dbfs
from fakebricks.services.files.files import Files
from fakebricks.services.files.signed_urls import SignedUrls
from fakebricks.services.files.uploads import Uploads
from fakebricks.services.iam.access_control import AccessControl
from fakebricks.services.iam.access_tokens import AccessTokens
from fakebricks.services.iam.client_secrets import ClientSecrets
from fakebricks.services.iam.credentials import Credentials
from fakebricks.services.iam.groups import Groups
from fakebricks.services.iam.people import People
from fakebricks.services.iam.sign_in import SignIn
from fakebricks.services.iam.tokens import Tokens
from fakebricks.services.sql.warehouses import Warehouses
from fakebricks.services.unity_catalog.grants import Grants
from fakebricks.services.unity_catalog.unity_catalog import UnityCatalog
from fakebricks.services.workspace.directories import Directories
from fakebricks.services.workspace.folder_permissions import FolderPermissions
from fakebricks.state import LocalBlobs

if TYPE_CHECKING:
    from fakebricks.wiring.services import Services


def wire(services: Services) -> None:
    """Add the services that a workspace is made with."""
    state, ids, clock = services.state, services.ids, services.clock
    files = Files(state, LocalBlobs(services.scratch), clock)
    services.add(files, SignedUrls(services.secret, clock), Uploads(state, ids, files), Dbfs(files))
    _wire_people(services)
    if services.storage == "s3":
        _wire_s3(services)
    grants = Grants(state, services[People])
    services.add(grants, UnityCatalog(state, ids, clock, grants, bucket=services.bucket))
    services.add(Warehouses(state, ids, clock, services.warehouse_timings))


def _wire_people(services: Services) -> None:
    state, ids, clock, secret = services.state, services.ids, services.clock, services.secret
    directories = Directories(state, ids)
    people = People(
        state,
        ids,
        clock,
        groups=Groups(state, ids),
        tokens=Tokens(state, ids, clock, secret),
        secrets=ClientSecrets(state, ids, clock, secret),
        homes=directories,
    )
    access_tokens = AccessTokens(ids, clock, secret)
    access_control = AccessControl(state, people)
    services.add(
        directories,
        people,
        access_control,
        Credentials(people, access_tokens),
        SignIn(people, access_tokens),
        FolderPermissions(access_control, directories),
    )


def _wire_s3(services: Services) -> None:
    from fakebricks.services.files.s3.api import S3Endpoint
    from fakebricks.services.files.s3.credentials import Credentials as AwsCredentials
    from fakebricks.services.files.s3.guard import Guard
    from fakebricks.services.files.s3.moto_s3 import OwnBucket

    bucket = OwnBucket(services.bucket)
    services.closing.callback(bucket.close)
    credentials = AwsCredentials(services.state, services.ids, services.clock)
    guard = Guard(credentials, services.clock, services.bucket, bucket.key_of_upload)
    services.add(bucket, credentials, S3Endpoint(bucket, guard))
