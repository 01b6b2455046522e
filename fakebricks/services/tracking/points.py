"""Points of one metric, packed: 25 bytes each, in the order of timestamp, step and value.

A point's first 24 bytes are its place: three unsigned integers, big-endian, so that bytes order as points do; the last
byte says which of its chunk's sources it has. One number is one place, not-a-number too; minus zero is zero.
"""

from __future__ import annotations

import math
import struct
from bisect import bisect_left
from collections.abc import Iterator
from typing import TypeAlias

from fakebricks.services.tracking.records import Chunk, Source

Place: TypeAlias = tuple[int, int, int]
"""Timestamp, step and rank, which has the order of values."""

SIZE = 25
MOST = 250
"""How many points a chunk has at most: fewer than a byte can tell sources apart."""

_PLACE = struct.Struct(">QQQ")
_PLACED = _PLACE.size
_POINT = struct.Struct(">QQQB")
_DOUBLE = struct.Struct(">d")
_SIGNED = struct.Struct(">q")
_HALF = 1 << 63
_ALL_BITS = _HALF - 1


def packed_place(place: Place) -> bytes:
    """The first 24 bytes of a point. Timestamps are never negative."""
    timestamp, step, rank = place
    return _PLACE.pack(timestamp, step + _HALF, rank + _HALF)


def place_of(point: bytes) -> Place:
    """The place that a packed point starts with."""
    timestamp, step, rank = _PLACE.unpack_from(point)
    return timestamp, step - _HALF, rank - _HALF


def rank(value: float) -> int:
    """An integer of 64 bits that orders as numbers do; equal numbers have one, not-a-number has the greatest."""
    if math.isnan(value):
        value = math.nan
    bits: int = _SIGNED.unpack(_DOUBLE.pack(value + 0.0))[0]
    return bits if bits >= 0 else bits ^ _ALL_BITS


def value_of(rank: int) -> float:
    """The number that has that rank."""
    value: float = _DOUBLE.unpack(_SIGNED.pack(rank if rank >= 0 else rank ^ _ALL_BITS))[0]
    return value


def count(chunk: Chunk) -> int:
    """How many points a chunk has."""
    return len(chunk.packed) // SIZE


def last_place(chunk: Chunk) -> Place:
    """The place of a chunk's last point."""
    return place_of(chunk.packed[-SIZE:])


def points(chunk: Chunk, after: Place | None = None) -> Iterator[tuple[Place, Source | None]]:
    """The points of a chunk, from what follows a place."""
    packed = chunk.packed
    if after is not None:
        skipped = packed_place(after)
        at = _index(packed, skipped)
        packed = packed[(at + _has(packed, at, skipped)) * SIZE :]
    sources = (None, *chunk.sources)
    for timestamp, step, ranked, source in _POINT.iter_unpack(packed):
        yield (timestamp, step - _HALF, ranked - _HALF), sources[source]


def inserted(chunk: Chunk, place: bytes, source: Source | None) -> list[Chunk]:
    """The chunk with one point more, which it may have had before; two chunks where one would be too many points."""
    packed, sources = chunk.packed, chunk.sources
    at = count(chunk) if packed[-SIZE:-1] < place else _index(packed, place)
    if _has(packed, at, place):
        return [chunk]
    if source is not None and source not in sources:
        sources = (*sources, source)
    which = sources.index(source) + 1 if source is not None else 0
    here = at * SIZE
    packed = b"%b%b%c%b" % (packed[:here], place, which, packed[here:])
    if len(packed) <= MOST * SIZE:
        return [Chunk(packed=packed, sources=sources)]
    # Points that come in order leave full chunks behind; others leave room for more of their like.
    cut = (MOST if at == MOST else MOST // 2) * SIZE
    return [_compact(packed[:cut], sources), _compact(packed[cut:], sources)]


def _index(packed: bytes, place: bytes) -> int:
    """The index of the first point that is not before the place."""
    places = range(0, len(packed), SIZE)
    return bisect_left(places, place, key=lambda start: packed[start : start + _PLACED])


def _has(packed: bytes, index: int, place: bytes) -> bool:
    return packed.startswith(place, index * SIZE)


def _compact(packed: bytes, sources: tuple[Source, ...]) -> Chunk:
    """A chunk that keeps only the sources that its points have."""
    if not sources:
        return Chunk(packed=packed)
    used = sorted(set(packed[_PLACED::SIZE]) - {0})
    renamed = bytearray(packed)
    renamed[_PLACED::SIZE] = bytes(used.index(one) + 1 if one else 0 for one in packed[_PLACED::SIZE])
    return Chunk(packed=bytes(renamed), sources=tuple(sources[one - 1] for one in used))
