"""SCIM's lists: which resources, in which order, which page of them, and what of each.

Real: filters, `startIndex` and `count`, `sortBy` and `sortOrder`, `attributes` and `excludedAttributes`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fakebricks.services.iam.scim.errors import InvalidFilter
from fakebricks.services.iam.scim.filters import matching, values_at
from fakebricks.services.iam.scim.shapes import ListOf, Shown
from fakebricks.wire.errors import InvalidParameterValue

_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
_ALWAYS = frozenset({"id", "schemas"})


def listed(documents: Iterable[dict[str, Any]], body: ListOf, attributes: tuple[str, ...]) -> dict[str, Any]:
    """A page of the resources that a request asks for.

    Args:
        documents: all of them, as the caller may see them, so that nobody finds by what they may not see.
        body: what is asked.
        attributes: what filters and orders can name.

    Raises:
        InvalidFilter: the filter cannot be read.
        InvalidParameterValue: the order or the page is none.
    """
    wanted = matching(body.filter, attributes)
    found = _ordered([one for one in documents if wanted(one)], body, attributes)
    if body.start_index < 1 or (body.count is not None and body.count < 0):
        raise InvalidParameterValue("startIndex must be 1 or more, and count must not be negative.")
    first = body.start_index - 1
    page = found[first:] if body.count is None else found[first : first + body.count]
    return {
        "schemas": [_SCHEMA],
        "totalResults": len(found),
        "startIndex": body.start_index,
        "itemsPerPage": len(page),
        "Resources": [shown(one, body) for one in page],
    }


def shown(document: dict[str, Any], body: Shown) -> dict[str, Any]:
    """What of a resource is asked for; an attribute of an attribute stands for the whole."""
    if body.attributes:
        wanted = _names(body.attributes)
        return {name: value for name, value in document.items() if name in _ALWAYS or name.lower() in wanted}
    if body.excluded_attributes:
        unwanted = _names(body.excluded_attributes)
        return {name: value for name, value in document.items() if name in _ALWAYS or name.lower() not in unwanted}
    return document


def _ordered(documents: list[dict[str, Any]], body: ListOf, attributes: tuple[str, ...]) -> list[dict[str, Any]]:
    if body.sort_order not in ("ascending", "descending"):
        raise InvalidParameterValue(f"sortOrder must be 'ascending' or 'descending', not {body.sort_order[:200]!r}.")
    if body.sort_by is None:
        return documents
    known = {name.lower(): name for name in attributes}
    attribute = known.get(body.sort_by.lower())
    if attribute is None:
        raise InvalidFilter(f"Cannot sort by '{body.sort_by[:200]}'; there are {', '.join(attributes)}.")

    def place(document: dict[str, Any]) -> str:
        return next((str(value).casefold() for value in values_at(document, attribute)), "")

    return sorted(documents, key=place, reverse=body.sort_order == "descending")


def _names(text: str) -> frozenset[str]:
    return frozenset(name.strip().partition(".")[0].lower() for name in text.split(","))
