"""Variables that look an object up in the workspace: its id is made up, and its being there presumed.

Real: which types of objects the Databricks CLI looks up, of which a variable names exactly one (documented: its page on
variables). Simulated: the id, which is the same whenever the same name is looked up.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from uuid import NAMESPACE_URL, UUID, uuid5

from fakebricks.contracts.bundles.errors import BundleError, instead_of
from fakebricks.contracts.bundles.nodes import Node
from fakebricks.contracts.findings import Finding, Severity

_BY_UUID = ("alert", "dashboard", "metastore", "notification_destination", "pipeline", "query", "service_principal")
_BY_NUMBER = ("job",)
_BY_HEX = ("cluster", "cluster_policy", "instance_pool", "warehouse")


def found(name: str, lookup: Node) -> Node:
    """The id of what a variable looks up.

    Raises:
        BundleError: it looks up nothing, several objects, or what there is not to be looked up.
    """
    kind, asked = _asked(name, lookup)
    made_up = uuid5(NAMESPACE_URL, f"fakebricks:{kind}:{asked.plain()}")
    return Node(_id(kind, made_up), asked.place)


def presumptions(values: Mapping[str, Node], declared: Node) -> Iterator[Finding]:
    """A note for each id that was made up, so that a name that was mistyped is seen."""
    for name, value in values.items():
        lookup = declared.at(name, "lookup")
        if lookup is None or value.value != found(name, lookup).value:  # the caller has given another one
            continue
        kind, asked = _asked(name, lookup)
        yield Finding(
            rule="bundle/presumed",
            message=f"The bundle presumes the {kind.replace('_', ' ')} '{asked.text}', whose id was made up for this "
            f"check. Another one can be given: --var {name}=...",
            severity=Severity.NOTE,
            place=asked.place,
        )


def _asked(name: str, lookup: Node) -> tuple[str, Node]:
    known = (*_BY_UUID, *_BY_NUMBER, *_BY_HEX)
    for kind, one in lookup.fields.items():
        if kind not in known:
            message = f"the variable '{name}' looks up a '{kind}', which cannot be looked up"
            raise BundleError(message + instead_of(kind, known), one.place)
    if len(lookup.fields) != 1:
        raise BundleError(f"the variable '{name}' looks up exactly one object", lookup.place)
    return next(iter(lookup.fields.items()))


def _id(kind: str, made_up: UUID) -> str:
    if kind in _BY_UUID:
        return str(made_up)
    return str(made_up.int % 10**15) if kind in _BY_NUMBER else made_up.hex[:16]
