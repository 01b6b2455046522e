"""What may be logged: names of params, metrics and tags, and how long names, values and batches may be.

Real: MLflow's rules and texts (documented: `mlflow/utils/validation.py`), which the managed service shares.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections import Counter
from collections.abc import Iterable, Sized

from fakebricks.wire.errors import InvalidParameterValue

LONGEST_KEY = 250
LONGEST_PARAM = 6000
LONGEST_TAG = 8000
LONGEST_EXPERIMENT_TAG = 64 * 1024  # documented: 5000 bytes are guaranteed, 64 KB are the end
MOST_METRICS = 1000
MOST_PARAMS = 100
MOST_TAGS = 100
MOST_ENTITIES = 1000
LARGEST_BATCH = 1_000_000

_NAME = re.compile(r"[/\w.\- :]*")
_SURROGATE = re.compile(r"[\x00\ud800-\udfff]")


def check_name(name: str, path: str) -> str:
    """A name of a param, metric or tag.

    Raises:
        InvalidParameterValue: it has characters that no name may have, or could not be the name of a file.
    """
    if not name or not _NAME.fullmatch(name):
        raise _invalid(
            path,
            name,
            "Names may only contain alphanumerics, underscores (_), dashes (-), periods (.), spaces ( ), colon(:) "
            "and slashes (/).",
        )
    resolved = posixpath.normpath(name)
    if resolved != name or name == "." or name.startswith(("..", "/")):
        raise _invalid(
            path,
            name,
            "Names may be treated as files in certain cases, and must not resolve to other names when treated as "
            f"such. This name would resolve to '{resolved}'",
        )
    return check_length(name, path, LONGEST_KEY)


def check_length(value: str, what: str, limit: int) -> str:
    """A text that is no longer than it may be.

    Raises:
        InvalidParameterValue: it is longer, or holds what no text may hold.
    """
    if len(value) > limit:
        raise InvalidParameterValue(f"'{what}' exceeds the maximum length of {limit} characters")
    if _SURROGATE.search(value):
        raise InvalidParameterValue(f"'{what}' contains characters that cannot be stored.")
    return value


def check_batch(metrics: Sized, params: Sized, tags: Sized) -> None:
    """The sizes of a batch (documented).

    Raises:
        InvalidParameterValue: there is too much in it.
    """
    total = len(metrics) + len(params) + len(tags)
    for what, limit, count in (
        ("metrics", MOST_METRICS, len(metrics)),
        ("params", MOST_PARAMS, len(params)),
        ("tags", MOST_TAGS, len(tags)),
        ("metrics, params, and tags", MOST_ENTITIES, total),
    ):
        if count > limit:
            raise InvalidParameterValue(
                f"A batch logging request can contain at most {limit} {what}. Got {count} {what}. "
                f"Please split up {what} across multiple requests and try again."
            )


def check_distinct(keys: Iterable[str]) -> None:
    """The keys of a batch's params.

    Raises:
        InvalidParameterValue: one is given twice.
    """
    twice = [key for key, count in Counter(keys).items() if count > 1]
    if twice:
        raise InvalidParameterValue(
            f"Duplicate parameter keys have been submitted: {twice}. "
            "Please ensure the request contains only one param value per param key."
        )


def _invalid(path: str, value: str, why: str) -> InvalidParameterValue:
    return InvalidParameterValue(f"Invalid value {json.dumps(value)} for parameter '{path}' supplied: {why}")
