"""The permissions that a bundle gives on all of its resources.

Real: the levels that the Databricks CLI makes of them for each type of resources (documented: its
`ApplyBundlePermissions` and the page on permissions). Who has a level of their own on a resource keeps that.
"""

from __future__ import annotations

from fakebricks.contracts.bundles.errors import BundleError, instead_of
from fakebricks.contracts.bundles.nodes import Node

_LEVELS = {
    "experiments": {"CAN_MANAGE": "CAN_MANAGE", "CAN_VIEW": "CAN_READ"},
    "jobs": {"CAN_MANAGE": "CAN_MANAGE", "CAN_VIEW": "CAN_VIEW", "CAN_RUN": "CAN_MANAGE_RUN"},
    "model_serving_endpoints": {"CAN_MANAGE": "CAN_MANAGE", "CAN_VIEW": "CAN_VIEW", "CAN_RUN": "CAN_QUERY"},
}
_KNOWN = ("CAN_MANAGE", "CAN_VIEW", "CAN_RUN")
_PRINCIPALS = ("user_name", "group_name", "service_principal_name")


def with_permissions(whole: Node) -> Node:
    """The bundle whose resources each have its permissions.

    Raises:
        BundleError: a level is none that a bundle can give.
    """
    given, resources = whole.at("permissions"), whole.at("resources")
    if given is None or resources is None:
        return whole
    for one in given.elements:
        level = one.at("level") or one
        if level.value not in _KNOWN:
            raise BundleError(
                f"no level '{level.text}' of a bundle's permissions{instead_of(level.text, _KNOWN)}", level.place
            )
    kinds = dict(resources.fields)
    for kind, levels in _LEVELS.items():
        if told := kinds.get(kind):
            kinds[kind] = Node({key: _with(one, given, levels) for key, one in told.fields.items()}, told.place)
    return whole.having(resources=Node(kinds, resources.place))


def _with(resource: Node, given: Node, levels: dict[str, str]) -> Node:
    own = resource.at("permissions") or Node([], resource.place)
    named = {_principal(one) for one in own.elements}
    more = [
        one.having(level=Node(levels[one.fields["level"].text], one.place))
        for one in given.elements
        if one.fields["level"].text in levels and _principal(one) not in named
    ]
    return resource.having(permissions=Node([*own.elements, *more], own.place)) if more else resource


def _principal(one: Node) -> tuple[str, ...]:
    return tuple(named.text if (named := one.at(field)) else "" for field in _PRINCIPALS)
