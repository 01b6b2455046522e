"""The variables of a bundle, and where their values come from.

Real: as in the Databricks CLI (documented: its page on variables): what the caller gives, else `BUNDLE_VAR_<name>` in
the environment, else the target's default, else the bundle's; a complex variable says so by its type. Simulated: what
is looked up. Not read: `.databricks/bundle/<target>/variable-overrides.json`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from fakebricks.contracts.bundles.errors import BundleError, instead_of
from fakebricks.contracts.bundles.known_keys import VARIABLE
from fakebricks.contracts.bundles.lookup_variables import found
from fakebricks.contracts.bundles.nodes import Node
from fakebricks.contracts.bundles.schema import conform
from fakebricks.contracts.findings import Place

_ENVIRONMENT = "BUNDLE_VAR_"


def overridden(variables: Node, overrides: Node, target: str) -> Node:
    """The bundle's variables with those of a target, whose defaults and lookups take the place of the bundle's.

    Raises:
        BundleError: the target has a variable that the bundle does not declare.
    """
    fields = dict(variables.fields)
    for name, given in overrides.fields.items():
        if name not in fields:
            message = f"the target '{target}' gives the variable '{name}', which is not declared"
            raise BundleError(message + instead_of(name, fields), given.place)
        told = _as_declared(given, fields[name])
        replaced = fields[name].without(*({"default", "lookup"} if told.fields.keys() & {"default", "lookup"} else ()))
        fields[name] = replaced.having(**told.fields)
    return Node(fields, variables.place)


def _as_declared(given: Node, declared: Node) -> Node:
    """An override as a declaration; a value alone is a default."""
    if isinstance(given.value, dict) and (given.fields.keys() <= VARIABLE.keys() or not _is_complex(declared)):
        return conform(given, VARIABLE, ("variables",))
    return Node({"default": given}, given.place)


def values(variables: Node, given: Mapping[str, str]) -> dict[str, Node]:
    """The value of each variable, before references in it are resolved.

    Args:
        variables: their declarations, with what the target says instead.
        given: values by the caller.

    Raises:
        BundleError: a value is given to a variable that is not declared, or to a complex one; a variable has no value,
            or a value that its type does not allow, or looks up what cannot be looked up.
    """
    for name in given:
        if name not in variables.fields:
            message = f"the variable '{name}' is given a value, and is not declared"
            raise BundleError(message + instead_of(name, variables.fields), variables.place)
    return {name: _value(name, declared, given.get(name)) for name, declared in variables.fields.items()}


def _value(name: str, declared: Node, given: str | None) -> Node:
    _check_type(name, declared)
    told = given if given is not None else os.environ.get(_ENVIRONMENT + name)
    if told is not None:
        if _is_complex(declared):
            raise BundleError(
                f"the variable '{name}' is complex: its value can only be said in the files", declared.place
            )
        return Node(told, declared.place)
    default, lookup = declared.at("default"), declared.at("lookup")
    if lookup is not None:  # before the default, as to the CLI
        return found(name, lookup)
    if default is not None and default.value is not None:
        _check_value(name, declared, default)
        return default
    message = f"the variable '{name}' has no value: give it a default, or --var {name}=..., or {_ENVIRONMENT}{name}"
    raise BundleError(message, declared.place)


def _is_complex(declared: Node) -> bool:
    type_ = declared.at("type")
    return bool(type_ and type_.value == "complex")


def _check_type(name: str, declared: Node) -> None:
    type_ = declared.at("type")
    if type_ is not None and type_.value not in ("complex", "string"):
        raise BundleError(f"the type of the variable '{name}' can be 'complex' or none", type_.place)


def _check_value(name: str, declared: Node, default: Node) -> None:
    composed = isinstance(default.value, dict | list)
    if composed and not _is_complex(declared):
        message = f"the value of the variable '{name}' is {default.kind}; such a variable needs 'type: complex'"
        raise BundleError(message, default.place)
    if not composed and _is_complex(declared) and "${" not in default.text:
        message = f"the variable '{name}' is complex, and its value is {default.kind}, no mapping or list"
        raise BundleError(message, default.place)


def of_nobody(file: str) -> Node:
    """The variables of a bundle that declares none."""
    return Node({}, Place(file))
