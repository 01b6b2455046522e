"""`fakebricks demo`: the path from a training run to a scored and logged request, told as a story.

The story is made of calls by unmodified clients only. Where they go is said by environment variables, so that the same
story runs in process and against a `fakebricks serve` elsewhere.
"""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING

from fakebricks.demo.telling import StoryError, Teller
from fakebricks.fake import fake_workspace

if TYPE_CHECKING:
    from fakebricks.demo.story import Story

__all__ = ["StoryError", "tell_in_process", "tell_to"]


def tell_in_process() -> None:
    """Tell the story in a workspace of its own, without a socket.

    Raises:
        StoryError: something is not as told.
        ModuleNotFoundError: a package that the story needs is not installed.
    """
    story = _story()
    with fake_workspace():
        story.tell()


def tell_to(host: str, token: str) -> None:
    """Tell the story to a workspace that is served elsewhere, by nothing but environment variables.

    Args:
        host: its URL, as `fakebricks serve` prints it.
        token: a person's token there.

    Raises:
        StoryError: something is not as told.
        ModuleNotFoundError: a package that the story needs is not installed.
    """
    story = _story()
    os.environ.update(
        DATABRICKS_HOST=host,
        DATABRICKS_TOKEN=token,
        MLFLOW_TRACKING_URI="databricks",
        MLFLOW_REGISTRY_URI="databricks-uc",
    )
    story.tell()


def _story() -> Story:
    teller = Teller()
    os.environ.update(
        MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT="true",
        MLFLOW_DISABLE_TELEMETRY="true",
        MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR="false",
    )
    with teller.busy("importing MLflow, databricks-sdk and scikit-learn"):
        from fakebricks.demo.story import Story
    # MLflow's own remarks would stand between the lines of the story.
    logging.getLogger("mlflow").setLevel(logging.ERROR)
    return Story(teller)
