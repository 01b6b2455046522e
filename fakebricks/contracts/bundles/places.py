"""Where in the files it is said what the workspace refuses.

A reply names the field that is wrong, or the value, or speaks of it; else it is the resource as a whole.
"""

from __future__ import annotations

import re

from fakebricks.contracts.bundles.bundle import Resource
from fakebricks.contracts.findings import Place

_QUOTED = re.compile(r"['`\"]([\w.\[\]-]+)['`\"]")
_STEP = re.compile(r"[\w-]+")
_SHORTEST = 3


def place_of(message: str, resource: Resource) -> Place:
    """Where the reader should look first."""
    return (
        _of_field(message, resource) or _of_value(message, resource) or _of_words(message, resource) or resource.place
    )


def _of_field(message: str, resource: Resource) -> Place | None:
    for told in _QUOTED.findall(message):
        steps = tuple(int(step) if step.isdecimal() else step for step in _STEP.findall(told))
        found = None
        for length in range(len(steps), 0, -1):
            found = resource.node.at(*steps[:length])
            if found is not None:
                return found.place
        last = [node for path, node in resource.node.scalars() if steps and path[-1:] == steps[-1:]]
        if len(last) == 1:
            return last[0].place
    return None


def _of_value(message: str, resource: Resource) -> Place | None:
    """That of the text which the message repeats first, before it tells what may be instead; of several the longest."""
    repeated = [
        (at, -len(node.text), node.place)
        for _, node in resource.node.scalars()
        if len(node.text) >= _SHORTEST and (at := _said_at(message, node.text)) is not None
    ]
    return min(repeated, key=lambda one: one[:2])[2] if repeated else None


def _of_words(message: str, resource: Resource) -> Place | None:
    """That of the longest key which the message has in words, as `traffic percentages` for `traffic_percentage`."""
    words = message.lower()
    found = [
        (step, node)
        for path, node in resource.node.scalars()
        for step in path
        if isinstance(step, str) and "_" in step and step.replace("_", " ") in words
    ]
    return max(found, key=lambda one: len(one[0]))[1].place if found else None


def _said_at(message: str, text: str) -> int | None:
    found = re.search(rf"(?<![\w.]){re.escape(text)}(?![\w])", message)
    return found.start() if found else None
