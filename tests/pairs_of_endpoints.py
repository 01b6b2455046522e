"""Pairs for the rules about endpoints: how they are switched, how large they are, and what they log."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

from scenario_fixtures import model
from scenario_pairs import World, pair

from fakebricks.contracts.deployment import Deployment
from fakebricks.contracts.endpoints import ServedEndpoint
from fakebricks.contracts.findings import Verdict
from fakebricks.contracts.making import deploy_model, register

TRIPLE = "return (model_input['amount'] * 3).tolist()"
BROKEN = "raise ValueError('out of order')"
UNLOADABLE = "import only_on_the_laptop"
STALE = "if time.time() - OPENED > 600: raise ConnectionError('closed by the server')\n        return [1.0]"
UPDATE = {"pattern": "update_serving_endpoint_config", "status": 503, "skip": 1}
QUERY = {"pattern": "query_serving_endpoint", "status": 503}
_numbers = count(1)


def _candidates(world: World, name: str, faulty: Path) -> tuple[Verdict, Verdict]:
    return world.judge(name, candidate=str(faulty)), world.sound(name)


@pair("blue-green/green-fails")
def green_fails(world):
    return _candidates(world, "blue_green", model(BROKEN))


@pair("blue-green/alias-not-moved")
def alias_not_moved(world):
    fault = {"pattern": "PUT *aliases/champion", "status": 403}
    return world.meets(world.deploy(model()), fault, "blue_green"), world.sound("blue_green")


@pair("blue-green/gap")
def gap(world):
    return world.meets(world.deploy(model()), {**QUERY, "skip": 4}, "blue_green"), world.sound("blue_green")


@pair("blue-green/not-switched")
def not_switched(world):
    return world.meets(world.deploy(model()), UPDATE, "blue_green"), world.sound("blue_green")


@pair("canary-rollback/does-not-load")
def canary_does_not_load(world):
    return _candidates(world, "canary_rollback", model(top=UNLOADABLE))


@pair("canary-rollback/canary-fails")
def canary_fails(world):
    return _candidates(world, "canary_rollback", model(BROKEN))


@pair("canary-rollback/still-served")
def canary_still_served(world):
    return world.meets(world.deploy(model()), UPDATE, "canary_rollback"), world.sound("canary_rollback")


@pair("shadow/fails")
def shadow_fails(world):
    return _candidates(world, "shadow", model(BROKEN))


@pair("shadow/differs")
def shadow_differs(world):
    return _candidates(world, "shadow", model(TRIPLE))


@pair("cold-start/over-sla")
def over_sla(world):
    sleepy = world.deploy(model(), scale_to_zero_enabled=True)
    return world.judge("cold_start", sleepy, sla="5s"), world.sound("cold_start", sla="5s")


@pair("cold-start/error")
def error_after_a_quiet_time(world):
    stale = deploy_model(world.entered.workspace, model(STALE, top="OPENED = time.time()"), "stale")
    return world.judge("cold_start", stale), world.sound("cold_start", sla="5s")


@pair("concurrency-limit/turned-away")
def turned_away(world):
    return world.judge("concurrency_limit", callers=6), world.judge("concurrency_limit", callers=4)


@pair("warm-minimum/waits")
def burst_waits(world):
    between = {"min_provisioned_concurrency": 4, "max_provisioned_concurrency": 8, "workload_size": None}
    wide = {**between, "min_provisioned_concurrency": 8}
    faulty, sound = (world.deploy(model(), **bounds) for bounds in (between, wide))
    burst = {"burst": 6, "sla": "3s"}
    return world.judge("warm_minimum", faulty, **burst), world.judge("warm_minimum", sound, **burst)


@pair("warm-minimum/turned-away")
def burst_turned_away(world):
    wide = {"min_provisioned_concurrency": 8, "max_provisioned_concurrency": 8, "workload_size": None}
    narrow = world.deploy(model())
    burst = {"burst": 6, "sla": "9s"}
    return world.judge("warm_minimum", narrow, **burst), world.judge(
        "warm_minimum", world.deploy(model(), **wide), **burst
    )


@pair("failed-update-keeps-serving/interrupted")
def interrupted(world):
    deployment = world.deploy(model())
    faulty = world.meets(deployment, {**QUERY, "skip": 1}, "failed_update_keeps_serving")
    return faulty, world.sound("failed_update_keeps_serving")


@pair("payload-limit/too-large")
def too_large(world):
    return world.judge("payload_limit", rows=1_000_000), world.judge("payload_limit", rows=100)


@pair("payload-limit/not-logged")
def not_logged(world):
    logged = _logged(world, model())
    return world.judge("payload_limit", logged, rows=70_000), world.judge("payload_limit", logged, rows=100)


@pair("inference-table-captures/lost")
def lost(world):
    logged = _logged(world, model())
    late = world.judge("inference_table_captures", logged, within="10s")
    return late, world.judge("inference_table_captures", logged)


@pair("inference-table-captures/unreadable")
def unreadable(world):
    odd, sound = _logged(world, model("return [1.0, 2.0, 3.0]")), _logged(world, model())
    return world.judge("inference_table_captures", odd), world.judge("inference_table_captures", sound)


@pair("traffic-split/other-share")
def other_share(world):
    two = _two(world, model(TRIPLE))
    faulty = world.judge("traffic_split", two, meant="champion=99%, canary=1%")
    return faulty, world.judge("traffic_split", two, meant="champion=90%, canary=10%")


@pair("traffic-split/entity-fails")
def entity_fails(world):
    return world.judge("traffic_split", _two(world, model(BROKEN))), world.judge(
        "traffic_split", _two(world, model(TRIPLE))
    )


def _logged(world: World, directory: Path) -> Deployment:
    """An endpoint with an inference table."""
    name = f"logged{next(_numbers)}"
    deployment = deploy_model(world.workspace, directory, name)
    table = {"catalog_name": "main", "schema_name": "default", "table_name_prefix": name, "enabled": True}
    endpoint = ServedEndpoint(deployment)
    endpoint.client.told("PUT", f"{endpoint.path}/ai-gateway", {"inference_table_config": table})
    return replace(deployment, config=endpoint.settled())


def _two(world: World, canary: Path) -> Deployment:
    """An endpoint with a champion, and a canary of ten per cent."""
    deployment = deploy_model(world.workspace, model(), f"two{next(_numbers)}")
    endpoint = ServedEndpoint(deployment)
    champion: dict[str, Any] = {**endpoint.own(), "name": "champion"}
    other = {**champion, "name": "canary", "entity_version": register(endpoint.client, deployment.model, canary)}
    return replace(deployment, config=endpoint.updated([champion, other], champion=90, canary=10))
