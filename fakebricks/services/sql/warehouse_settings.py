"""The settings of a warehouse: what is told, with the platform's defaults, once a warehouse could have it.

Real: sizes, limits and defaults (documented: databricks-sdk's `WarehousesAPI.create`). A serverless warehouse may stop
after one minute already, others after ten (documented). Refused: real-time warehouses. Inferred: the texts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fakebricks.services.sql.records import WarehouseSettings
from fakebricks.wire.errors import InvalidParameterValue, NotImplementedByFakebricks

SIZES = (
    "2X-Small",
    "X-Small",
    "Small",
    "Medium",
    "Large",
    "X-Large",
    "2X-Large",
    "3X-Large",
    "4X-Large",
    "5X-Large",
)

_LONGEST_NAME = 99
_MOST_CLUSTERS = 40
_MOST_LASTING_CLUSTERS = 30
_MOST_TAGS = 44
_LEAST_IDLE = 10
_CURRENT, _CUSTOM = "CHANNEL_NAME_CURRENT", "CHANNEL_NAME_CUSTOM"
_CHANNELS = (_CURRENT, _CUSTOM, "CHANNEL_NAME_PREVIEW", "CHANNEL_NAME_PREVIOUS")
_POLICIES = ("COST_OPTIMIZED", "RELIABILITY_OPTIMIZED", "POLICY_UNSPECIFIED")
_DEFAULTS: Mapping[str, Any] = {
    "min_num_clusters": 1,
    "auto_stop_mins": 120,
    "warehouse_type": "CLASSIC",
    "enable_serverless_compute": False,
    "enable_photon": True,
    "spot_instance_policy": "COST_OPTIMIZED",
    "channel": _CURRENT,
    "dbsql_version": "",
    "tags": (),
}


def complete(told: Mapping[str, Any]) -> WarehouseSettings:
    """The settings of a new warehouse.

    Raises:
        InvalidParameterValue: no warehouse can have them.
        NotImplementedByFakebricks: fakebricks has no such warehouses.
    """
    if "cluster_size" not in told:
        raise InvalidParameterValue(f"cluster_size is required; it must be one of {', '.join(SIZES)}.")
    known = {**_DEFAULTS, **told}
    known.setdefault("max_num_clusters", known["min_num_clusters"])
    return _checked(known)


def changed(before: WarehouseSettings, told: Mapping[str, Any]) -> WarehouseSettings:
    """The settings after an edit: what is not told stays (documented).

    Raises as `complete`.
    """
    return _checked({name: getattr(before, name) for name in WarehouseSettings.__struct_fields__} | dict(told))


def _checked(known: dict[str, Any]) -> WarehouseSettings:
    if known["warehouse_type"] == "TYPE_UNSPECIFIED":
        known["warehouse_type"] = "CLASSIC"
    if known["warehouse_type"] == "REALTIME":
        raise NotImplementedByFakebricks("fakebricks does not implement warehouses of the type REALTIME; take PRO.")
    settings = WarehouseSettings(**known)
    _check_name(settings.name)
    _check_one_of("cluster_size", settings.cluster_size, SIZES)
    _check_one_of("warehouse_type", settings.warehouse_type, ("CLASSIC", "PRO"))
    _check_one_of("spot_instance_policy", settings.spot_instance_policy, _POLICIES)
    _check_one_of("channel.name", settings.channel, _CHANNELS)
    if (settings.channel == _CUSTOM) != bool(settings.dbsql_version):
        raise InvalidParameterValue(f"channel.dbsql_version must be given with {_CUSTOM}, and only with it.")
    if settings.enable_serverless_compute and settings.warehouse_type != "PRO":
        raise InvalidParameterValue("Serverless compute takes a warehouse of the type PRO.")
    _check_clusters(settings)
    _check_idle(settings)
    if len(settings.tags) > _MOST_TAGS:
        raise InvalidParameterValue(f"A warehouse must not have more than {_MOST_TAGS} tags.")
    return settings


def _check_name(name: str) -> None:
    if not name.strip() or len(name) > _LONGEST_NAME:
        raise InvalidParameterValue(f"The name of a SQL warehouse must have 1 to {_LONGEST_NAME} characters.")


def _check_one_of(field: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise InvalidParameterValue(f"'{value[:64]}' is not a valid {field}; it must be one of {', '.join(choices)}.")


def _check_clusters(settings: WarehouseSettings) -> None:
    least, most = settings.min_num_clusters, settings.max_num_clusters
    if not 1 <= least <= min(most, _MOST_LASTING_CLUSTERS):
        raise InvalidParameterValue(
            f"min_num_clusters must be from 1 to {_MOST_LASTING_CLUSTERS} and not more than max_num_clusters, "
            f"and is {least}."
        )
    if most > _MOST_CLUSTERS:
        raise InvalidParameterValue(f"max_num_clusters must be at most {_MOST_CLUSTERS}, and is {most}.")


def _check_idle(settings: WarehouseSettings) -> None:
    least = 1 if settings.enable_serverless_compute else _LEAST_IDLE
    if settings.auto_stop_mins != 0 and settings.auto_stop_mins < least:
        raise InvalidParameterValue(f"auto_stop_mins must be 0 or at least {least}, and is {settings.auto_stop_mins}.")
