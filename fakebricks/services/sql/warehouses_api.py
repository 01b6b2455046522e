"""REST operations of SQL warehouses.

Real: create, get, list, edit, delete, start, stop; the workspace's configuration as it is by default. Refused: to
change that, and everything about warehouses that `refused_api` names.
"""

from __future__ import annotations

from itertools import islice
from typing import Annotated, Any
from urllib.parse import urlsplit

import msgspec

from fakebricks.services.search import PageTokens
from fakebricks.services.sql import lifecycle
from fakebricks.services.sql.privileges import creates_warehouses, of_warehouse
from fakebricks.services.sql.records import Warehouse
from fakebricks.services.sql.warehouse_permissions import MANAGE, USE, VIEW, WarehousePermissions
from fakebricks.services.sql.warehouses import Warehouses
from fakebricks.wire.operations import Answer, Call, Routes, Shape

routes = Routes()

_WAREHOUSES = "/api/2.0/sql/warehouses"
_PAGE = 100
_HTTPS = 443
_HTTP = 80


class ChannelShape(Shape):
    name: str = "CHANNEL_NAME_CURRENT"
    dbsql_version: str = ""


class Tag(Shape):
    key: str
    value: str = ""


class Tags(Shape):
    custom_tags: tuple[Tag, ...] = ()


class WarehouseShape(Shape):
    name: str | None = None
    cluster_size: str | None = None
    min_num_clusters: int | None = None
    max_num_clusters: int | None = None
    auto_stop_mins: int | None = None
    warehouse_type: str | None = None
    enable_serverless_compute: bool | None = None
    enable_photon: bool | None = None
    spot_instance_policy: str | None = None
    channel: ChannelShape | None = None
    tags: Tags | None = None

    def told(self) -> dict[str, Any]:
        """The settings that were given."""
        names = WarehouseShape.__struct_fields__
        known = {name: getattr(self, name) for name in names if getattr(self, name) is not None}
        if self.channel is not None:
            known |= {"channel": self.channel.name, "dbsql_version": self.channel.dbsql_version}
        if self.tags is not None:
            known["tags"] = tuple((tag.key, tag.value) for tag in self.tags.custom_tags)
        return known


class EditWarehouse(WarehouseShape, kw_only=True):
    id: str


class OfWarehouse(Shape):
    id: str


class ListWarehouses(Shape):
    page_size: Annotated[int, msgspec.Meta(ge=0)] = _PAGE
    page_token: str = ""


class WarehouseAnswer(Answer, omit_defaults=False):
    id: str
    name: str
    cluster_size: str
    min_num_clusters: int
    max_num_clusters: int
    auto_stop_mins: int
    auto_resume: bool
    creator_name: str
    warehouse_type: str
    enable_serverless_compute: bool
    enable_photon: bool
    spot_instance_policy: str
    channel: dict[str, str]
    tags: dict[str, list[dict[str, str]]]
    state: str
    num_clusters: int
    jdbc_url: str
    odbc_params: dict[str, Any]
    health: dict[str, str]


@routes.post(_WAREHOUSES, privilege=creates_warehouses)
def create_warehouse(warehouses: Warehouses, call: Call, body: WarehouseShape) -> dict[str, str]:
    made = warehouses.create(body.told(), call.caller.user_name)
    call.awaits = lifecycle.next_change(made, call.time)
    return {"id": made.id}


@routes.get(_WAREHOUSES)
def list_warehouses(permissions: WarehousePermissions, call: Call, body: ListWarehouses) -> dict[str, Any]:
    tokens = PageTokens("sql_warehouses")
    place = tokens.read(body.page_token)
    size = min(body.page_size or _PAGE, _PAGE)
    everything = permissions.warehouses.all(str(place[0]) if place else None)
    visible = (one for one in everything if permissions.allows(one, VIEW, call.caller))
    found = list(islice(visible, size + 1))
    answer: dict[str, Any] = {"warehouses": [_answer(permissions.warehouses, one, call) for one in found[:size]]}
    if len(found) > size:
        answer["next_page_token"] = tokens.write([found[size - 1].id])
    return answer


@routes.get(f"{_WAREHOUSES}/<id>", privilege=of_warehouse(VIEW))
def get_warehouse(warehouses: Warehouses, call: Call, body: OfWarehouse) -> WarehouseAnswer:
    warehouse = warehouses.get(body.id)
    call.awaits = lifecycle.next_change(warehouse, call.time)
    return _answer(warehouses, warehouse, call)


@routes.post(f"{_WAREHOUSES}/<id>/edit", privilege=of_warehouse(MANAGE))
def edit_warehouse(warehouses: Warehouses, call: Call, body: EditWarehouse) -> None:
    warehouses.edit(body.id, body.told())


@routes.delete(f"{_WAREHOUSES}/<id>", privilege=of_warehouse(MANAGE))
def delete_warehouse(warehouses: Warehouses, call: Call, body: OfWarehouse) -> None:
    warehouses.delete(body.id)


@routes.post(f"{_WAREHOUSES}/<id>/start", privilege=of_warehouse(USE))
def start_warehouse(warehouses: Warehouses, call: Call, body: OfWarehouse) -> None:
    call.awaits = lifecycle.next_change(warehouses.start(body.id), call.time)


@routes.post(f"{_WAREHOUSES}/<id>/stop", privilege=of_warehouse(MANAGE))
def stop_warehouse(warehouses: Warehouses, call: Call, body: OfWarehouse) -> None:
    call.awaits = lifecycle.next_change(warehouses.stop(body.id), call.time)


@routes.get("/api/2.0/sql/config/warehouses")
def get_workspace_warehouse_config(warehouses: Warehouses, call: Call) -> dict[str, Any]:
    return {
        "security_policy": "DATA_ACCESS_CONTROL",
        "enable_serverless_compute": True,
        "enabled_warehouse_types": [
            {"warehouse_type": "CLASSIC", "enabled": True},
            {"warehouse_type": "PRO", "enabled": True},
        ],
        "sql_configuration_parameters": {},
    }


def _answer(warehouses: Warehouses, warehouse: Warehouse, call: Call) -> WarehouseAnswer:
    settings = warehouse.settings
    state = warehouses.state(warehouse)
    url = urlsplit(call.base_url)
    port = url.port or (_HTTPS if url.scheme == "https" else _HTTP)
    path = f"/sql/1.0/warehouses/{warehouse.id}"
    version = {"dbsql_version": settings.dbsql_version} if settings.dbsql_version else {}
    return WarehouseAnswer(
        id=warehouse.id,
        name=settings.name,
        cluster_size=settings.cluster_size,
        min_num_clusters=settings.min_num_clusters,
        max_num_clusters=settings.max_num_clusters,
        auto_stop_mins=settings.auto_stop_mins,
        auto_resume=True,
        creator_name=warehouse.creator_name,
        warehouse_type=settings.warehouse_type,
        enable_serverless_compute=settings.enable_serverless_compute,
        enable_photon=settings.enable_photon,
        spot_instance_policy=settings.spot_instance_policy,
        channel={"name": settings.channel, **version},
        tags={"custom_tags": [{"key": key, "value": value} for key, value in settings.tags]} if settings.tags else {},
        state=state,
        num_clusters=settings.min_num_clusters if state == lifecycle.RUNNING else 0,
        jdbc_url=(
            f"jdbc:spark://{url.hostname}:{port}/default;transportMode=http;ssl={int(url.scheme == 'https')};"
            f"AuthMech=3;httpPath={path};"
        ),
        odbc_params={"hostname": url.hostname, "path": path, "protocol": url.scheme, "port": port},
        health={"status": "HEALTHY"},
    )
