"""The settings of a job: a JSON object that is kept as it is told, once it is one that could be run.

Real: defaults, names, limits of numbers, keys of tasks and job clusters that are there once and are there at all,
dependencies without a circle, merging by key (documented: databricks-sdk's `JobsAPI.create` and `update`). Observed:
the text about shared job clusters. Inferred: the other texts. Not looked at: what a task does, on what, and when.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any

from fakebricks.wire.errors import InvalidParameterValue, NotImplementedByFakebricks

Settings = dict[str, Any]

_DEFAULTS: Settings = {
    "name": "Untitled",
    "email_notifications": {},
    "webhook_notifications": {},
    "timeout_seconds": 0,
    "max_concurrent_runs": 1,
}
_KEYS = {"tasks": "task_key", "job_clusters": "job_cluster_key", "environments": "environment_key"}
"""By which of their fields the elements of arrays are known."""

_MERGED = ("tasks", "job_clusters")
_LONGEST_NAME = 4096  # documented, in bytes of UTF-8
_LONGEST_KEY = 100  # documented
_MOST_RUNS = 1000  # documented
_MOST_TAGS = 25  # documented
_MOST_ELEMENTS = 100  # from there on, the platform answers in pages


def complete(told: Mapping[str, Any]) -> Settings:
    """The settings with the platform's defaults.

    Raises:
        InvalidParameterValue: no job can have them.
        NotImplementedByFakebricks: they have more elements than one page has.
    """
    settings = {**_DEFAULTS, **told}
    settings["format"] = "MULTI_TASK" if settings.get("tasks") else "SINGLE_TASK"
    _check(settings)
    return settings


def changed(before: Settings, new: Mapping[str, Any], remove: Iterable[str]) -> Settings:
    """The settings after an update: fields are replaced, but for arrays, whose elements are, by their keys.

    Args:
        before: as they were.
        new: the fields that change.
        remove: the fields that go, or elements as in `tasks/<key>`.

    Raises:
        InvalidParameterValue: no job can have the result, or what is to go is not named as it must be.
    """
    settings = dict(before)
    for field in remove:
        _remove(settings, field)
    for field, value in new.items():
        settings[field] = _merged(settings.get(field, []), value, field) if field in _MERGED else value
    return complete(settings)


def _remove(settings: Settings, field: str) -> None:
    array, slash, key = field.partition("/")
    if not slash:
        settings.pop(field, None)
        return
    if array not in _MERGED:
        raise InvalidParameterValue(
            f"Cannot remove nested field '{field}': only those of tasks and job_clusters can be."
        )
    kept = [one for one in settings.get(array, []) if one[_KEYS[array]] != key]
    settings[array] = kept
    if not kept:
        del settings[array]


def _merged(before: list[Settings], new: list[Settings], field: str) -> list[Settings]:
    replacing = dict(zip(_keys({field: new}, field), new, strict=True))
    kept = [replacing.pop(one[_KEYS[field]], one) for one in before]
    return [*kept, *replacing.values()]


def _check(settings: Settings) -> None:
    name = settings["name"]
    if len(name.encode(errors="replace")) > _LONGEST_NAME:
        raise InvalidParameterValue(f"The name of a job must not be longer than {_LONGEST_NAME} bytes.")
    if not 0 <= settings["max_concurrent_runs"] <= _MOST_RUNS:
        raise InvalidParameterValue(f"max_concurrent_runs must be from 0 to {_MOST_RUNS}.")
    if settings["timeout_seconds"] < 0:
        raise InvalidParameterValue("timeout_seconds must not be negative.")
    if len(settings.get("tags", {})) > _MOST_TAGS:
        raise InvalidParameterValue(f"A job must not have more than {_MOST_TAGS} tags.")
    keys = {array: _keys(settings, array) for array in _KEYS}
    tasks = settings.get("tasks", [])
    if keys["job_clusters"] and not tasks:
        raise InvalidParameterValue("Shared job cluster feature is only supported in multi-task jobs.")
    for task in tasks:
        for field in ("job_cluster_key", "environment_key"):
            array = next(one for one, key in _KEYS.items() if key == field)
            _check_reference(task, field, keys[array])
    _check_order({task["task_key"]: _dependencies(task) for task in tasks})


def _keys(settings: Settings, array: str) -> list[str]:
    """The keys of the elements of an array, each of which must have one of its own."""
    field, elements = _KEYS[array], settings.get(array, [])
    if len(elements) > _MOST_ELEMENTS:
        raise NotImplementedByFakebricks(
            f"fakebricks does not implement jobs with more than {_MOST_ELEMENTS} {array}, which the platform answers "
            "in pages. Divide the job."
        )
    keys: list[str] = []
    for element in elements:
        key = element.get(field)
        if not isinstance(key, str) or not key or len(key) > _LONGEST_KEY:
            raise InvalidParameterValue(
                f"Each element of {array} must have a {field}, which is a text of 1 to {_LONGEST_KEY} characters."
            )
        if key in keys:
            raise InvalidParameterValue(f"Duplicate {field} '{_short(key)}' in {array}.")
        keys.append(key)
    return keys


def _check_reference(task: Settings, field: str, known: list[str]) -> None:
    key = task.get(field)
    if key is not None and key not in known:
        raise InvalidParameterValue(
            f"Task '{task['task_key']}' refers to {field} '{_short(key)}', which is not defined."
        )


def _dependencies(task: Settings) -> list[str]:
    told = task.get("depends_on", [])
    if not isinstance(told, list) or not all(isinstance(one, dict) for one in told):
        raise InvalidParameterValue(f"depends_on of task '{task['task_key']}' must be a list of objects.")
    return [str(one.get("task_key")) for one in told]


def _check_order(dependencies: Mapping[str, list[str]]) -> None:
    for task, before in dependencies.items():
        for key in before:
            if key not in dependencies:
                raise InvalidParameterValue(f"Task '{task}' depends on task '{_short(key)}', which is not defined.")
    try:
        TopologicalSorter(dependencies).prepare()
    except CycleError as error:
        circle = " -> ".join(error.args[1])
        raise InvalidParameterValue(f"The dependencies of the tasks have a circle: {circle}.") from None


def _short(value: object) -> str:
    return str(value)[:_LONGEST_KEY]
