"""Names for runs and logged models that nobody named: two words and a number, the same for the same seed."""

from __future__ import annotations

from fakebricks.ids import Ids

_FIRST = (
    "amber", "brisk", "calm", "candid", "coral", "crisp", "eager", "early", "fair", "fond", "gentle", "glad",
    "golden", "grand", "hardy", "honest", "humble", "keen", "late", "lively", "lucid", "mellow", "mild", "neat",
    "noble", "patient", "plain", "proud", "quick", "quiet", "ready", "rustic", "sharp", "silver", "smooth", "sober",
    "steady", "still", "sunny", "swift", "tidy", "vivid", "warm", "wise",
)  # fmt: skip
_SECOND = (
    "anchor", "basin", "beacon", "birch", "bridge", "brook", "canyon", "cedar", "cliff", "cloud", "comet", "cove",
    "delta", "dune", "ember", "fern", "field", "forge", "gable", "glacier", "grove", "harbor", "heron", "hill",
    "island", "kiln", "lagoon", "lantern", "ledge", "maple", "marsh", "meadow", "mill", "orchard", "otter",
    "pebble", "pine", "quarry", "reef", "ridge", "river", "shore", "spruce", "summit", "thicket", "valley",
    "willow",
)  # fmt: skip


def generated_name(ids: Ids) -> str:
    """A name such as `quiet-harbor-417`."""
    drawn = int(ids.number(12))
    return f"{_FIRST[drawn % len(_FIRST)]}-{_SECOND[drawn // 100 % len(_SECOND)]}-{drawn // 10_000 % 1000}"
