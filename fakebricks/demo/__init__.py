"""`fakebricks demo`: the path from a training run to a scored and logged request, told as a story.

The story is made of calls by unmodified clients only. Where they go is said by environment variables, so that the same
story runs in process, against a `fakebricks serve` elsewhere, and, but for the clock, against a workspace.
"""

from fakebricks.demo.story import run
from fakebricks.demo.telling import StoryError

__all__ = ["StoryError", "run"]
