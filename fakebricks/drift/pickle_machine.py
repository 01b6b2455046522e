"""Runs a pickle without doing what it says: calls nothing, imports nothing, and notes what would be called with what.

Real: the stack, marks and memo of protocols 0 to 5, and joblib's arrays that stand between the opcodes.
Simulated: objects. What a pickle would make is a `Made`: what would be called, its arguments, and the state it gets.
Bounded: in opcodes by `MOST_OPCODES`, in memory by the size of the file; nothing is copied, so that what is referred to
a million times is held once.
"""

from __future__ import annotations

import math
import os
import pickletools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from io import BytesIO
from mmap import mmap
from typing import Any, NamedTuple, cast

MOST_OPCODES = 5_000_000
"""A forest of 1,000 trees takes 100,000, a vocabulary of a million words 3,000,000."""

LONGEST_LITERAL = 4096
"""Longer strings and bytes are data; of them only the length is kept."""
MOST_NESTED = 8
"""How deep pickles stand in pickles; joblib does it for arrays of objects."""

ARRAY_WRAPPER = "joblib.numpy_pickle.NumpyArrayWrapper"


class UnreadablePickle(Exception):
    """A pickle that is damaged, or that no pickler writes; the message says where and why."""


@dataclass(frozen=True, slots=True)
class Name:
    """Something that a pickle imports: `module.name`."""

    full: str
    position: int


class Entry(NamedTuple):
    """A key of a dictionary with its value, and where in the file the key stands."""

    key: Any
    value: Any
    position: int


@dataclass(frozen=True)
class Data:
    """A long string or bytes."""

    length: int


class Entries(list[Entry]):
    """A dictionary; its keys need not be hashable."""


@dataclass(eq=False)
class Made:
    """What a call would return.

    Attributes:
        maker: what would be called: a `Name`, or what another call would return.
        arguments: what it would be called with, mostly a tuple.
        position: where in the file it begins, in bytes.
        end: where it is made, or where it has its state; what begins between is part of it.
        state: what it would be given after it is made.
    """

    maker: Any
    arguments: Any
    position: int
    end: int
    state: list[Any] = field(default_factory=list)

    @property
    def class_name(self) -> str:
        """The class that would be instantiated, or the function that would be called."""
        maker, arguments = self.maker, self.arguments
        if isinstance(maker, Name) and maker.full in {"copyreg._reconstructor", "copy_reg._reconstructor"}:
            maker = arguments[0] if isinstance(arguments, tuple) and arguments else maker
        return maker.full if isinstance(maker, Name) else ""

    @property
    def attributes(self) -> Iterator[Entry]:
        """What its state sets, where the state is a dictionary or is one beside slots."""
        for state in self.state:
            for one in state if isinstance(state, tuple) else (state,):
                if isinstance(one, Entries):
                    yield from one


class _Mark:
    """Where in the stack a sequence begins."""


_MARK = _Mark()


class _Slot(NamedTuple):
    """A value on the stack, and where in the file it begins."""

    value: Any
    position: int


BinaryFile = BytesIO | mmap
"""What is read. A `mmap` never makes room for more than there is in the file, as reading from a plain file would."""


class PickleMachine:
    """Reads one pickle from a file, from where the file stands to its STOP."""

    def __init__(self, file: BinaryFile, depth: int = 0) -> None:
        self._file = file
        self._depth = depth
        self._stack: list[_Slot] = []
        self._memo: dict[int, Any] = {}
        self.made: list[Made] = []
        """All that would be made, in that order."""
        self.names: dict[str, int] = {}
        """All that would be imported, and where first."""

    def run(self) -> None:
        """Read the pickle.

        Raises:
            UnreadablePickle: it is not one, or not whole.
        """
        try:
            for count, (opcode, argument, position) in enumerate(pickletools.genops(cast("Any", self._file))):
                if count >= MOST_OPCODES:
                    raise UnreadablePickle(f"it has more than {MOST_OPCODES:,} opcodes")
                self._step(opcode.name, argument, position or 0)
            self._pop()
        except (ValueError, IndexError, KeyError, TypeError, OverflowError, MemoryError) as error:
            raise UnreadablePickle(f"it is no whole pickle: {error}") from error

    def _step(self, opcode: str, argument: Any, position: int) -> None:
        if opcode in _LITERALS:
            self._push(_shortened(argument) if isinstance(argument, _WITH_LENGTH) else argument, position)
        elif opcode in _STEPS:
            _STEPS[opcode](self, argument, position)
        elif opcode in _CONSTANTS:
            self._push(_CONSTANTS[opcode](), position)
        elif opcode not in _WITHOUT_EFFECT:
            raise UnreadablePickle(f"at byte {position} is an opcode that is not known: {opcode}")

    # The stack.

    def _push(self, value: Any, position: int) -> None:
        self._stack.append(_Slot(value, position))

    def _pop(self) -> _Slot:
        slot = self._stack.pop()
        if slot.value is _MARK:
            raise ValueError("a mark stands where a value should")
        return slot

    def _top(self) -> Any:
        return self._stack[-1].value

    def _pop_to_mark(self) -> tuple[list[_Slot], int]:
        """The values above the last mark, and where the mark stands in the file."""
        values: list[_Slot] = []
        while (slot := self._stack.pop()).value is not _MARK:
            values.append(slot)
        return values[::-1], slot.position

    def mark(self, _: Any, position: int) -> None:
        self._push(_MARK, position)

    def pop(self, _: Any, __: int) -> None:
        self._stack.pop()

    def pop_mark(self, _: Any, __: int) -> None:
        self._pop_to_mark()

    def duplicate(self, _: Any, __: int) -> None:
        self._stack.append(self._stack[-1])

    # The memo.

    def put(self, index: Any, _: int) -> None:
        self._memo[int(index)] = self._top()

    def memoize(self, _: Any, __: int) -> None:
        self._memo[len(self._memo)] = self._top()

    def get(self, index: Any, position: int) -> None:
        self._push(self._memo[int(index)], position)

    # Containers.

    def tuple_of(self, length: int) -> None:
        values = [self._pop() for _ in range(length)][::-1]
        self._push(tuple(slot.value for slot in values), values[0].position)

    def tuple_from_mark(self, _: Any, __: int) -> None:
        values, position = self._pop_to_mark()
        self._push(tuple(slot.value for slot in values), position)

    def list_from_mark(self, _: Any, __: int) -> None:
        values, position = self._pop_to_mark()
        self._push([slot.value for slot in values], position)

    def entries_from_mark(self, _: Any, __: int) -> None:
        values, position = self._pop_to_mark()
        self._push(Entries(_paired(values)), position)

    def append(self, _: Any, __: int) -> None:
        value = self._pop().value
        self._extend([value])

    def extend_from_mark(self, _: Any, __: int) -> None:
        values, _position = self._pop_to_mark()
        self._extend([slot.value for slot in values])

    def _extend(self, values: list[Any]) -> None:
        top = self._top()
        if isinstance(top, list) and not isinstance(top, Entries):
            top.extend(values)

    def set_item(self, _: Any, __: int) -> None:
        value, key = self._pop(), self._pop()
        self._set([key, value])

    def set_items_from_mark(self, _: Any, __: int) -> None:
        self._set(self._pop_to_mark()[0])

    def _set(self, values: list[_Slot]) -> None:
        top = self._top()
        if isinstance(top, Entries):
            top.extend(_paired(values))

    # Names and objects.

    def name(self, argument: Any, position: int) -> None:
        """GLOBAL: genops gives module and name with a space between."""
        self._name(".".join(argument.split(" ", 1)), position)

    def name_from_stack(self, _: Any, __: int) -> None:
        name, module = self._pop(), self._pop()
        if not isinstance(name.value, str) or not isinstance(module.value, str):
            raise UnreadablePickle(f"at byte {module.position} it imports something that is no name")
        self._name(f"{module.value}.{name.value}", module.position)

    def _name(self, full: str, position: int) -> None:
        self.names.setdefault(full, position)
        self._push(Name(full, position), position)

    def extension(self, code: Any, position: int) -> None:
        self._name(f"copyreg.extension_{code}", position)

    def persistent(self, argument: Any, position: int) -> None:
        """What the reader's own program looks up by an id; what that is, the file does not say."""
        self._push(Made(Name("persistent_load", position), (argument,), position, position), position)

    def persistent_from_stack(self, _: Any, __: int) -> None:
        slot = self._pop()
        self.persistent(slot.value, slot.position)

    def call(self, _: Any, position: int) -> None:
        """REDUCE and NEWOBJ: a callable and its arguments."""
        arguments, maker = self._pop(), self._pop()
        self._make(maker, arguments.value, position)

    def call_with_keywords(self, _: Any, position: int) -> None:
        self._pop()
        self.call(_, position)

    def instance_from_mark(self, argument: Any, position: int) -> None:
        """INST: arguments on the stack, the class in the opcode."""
        values, _mark = self._pop_to_mark()
        self.name(argument, position)
        self._make(self._pop(), tuple(slot.value for slot in values), position)

    def object_from_mark(self, _: Any, position: int) -> None:
        """OBJ: the class, then its arguments."""
        (maker, *arguments), _mark = self._pop_to_mark()
        self._make(maker, tuple(slot.value for slot in arguments), position)

    def _make(self, maker: _Slot, arguments: Any, position: int) -> None:
        made = Made(maker.value, arguments, maker.position, position)
        self.made.append(made)
        self._push(made, maker.position)

    def build(self, _: Any, position: int) -> None:
        state = self._pop().value
        top = self._top()
        if not isinstance(top, Made):
            return
        top.state.append(state)
        top.end = position
        if top.class_name == ARRAY_WRAPPER:
            self._skip_array(top)

    def _skip_array(self, wrapper: Made) -> None:
        """Joblib writes an array's bytes right behind the opcode that builds its wrapper, objects as another pickle."""
        attributes = {entry.key: entry.value for entry in wrapper.attributes if isinstance(entry.key, str)}
        size = _item_size(attributes.get("dtype"))
        if size is None:
            self._run_nested()
            return
        if attributes.get("numpy_array_alignment_bytes") is not None:
            size_of_padding = self._file.read(1)[0]
            self._skip(size_of_padding)
        shape = attributes["shape"]
        if not isinstance(shape, tuple) or not all(isinstance(length, int) and length >= 0 for length in shape):
            raise UnreadablePickle("it has an array of no shape")
        self._skip(size * math.prod(shape))

    def _skip(self, size: int) -> None:
        here = self._file.tell()
        self._file.seek(0, os.SEEK_END)
        if here + size > self._file.tell():
            raise UnreadablePickle("it ends within an array")
        self._file.seek(here + size)

    def _run_nested(self) -> None:
        if self._depth == MOST_NESTED:
            raise UnreadablePickle(f"it has pickles in pickles, {MOST_NESTED} deep")
        nested = PickleMachine(self._file, self._depth + 1)
        nested.run()
        self.made.extend(nested.made)
        for name, position in nested.names.items():
            self.names.setdefault(name, position)


_WITH_LENGTH = (str, bytes, bytearray)


def _shortened(literal: str | bytes | bytearray) -> str | bytes | bytearray | Data:
    return Data(len(literal)) if len(literal) > LONGEST_LITERAL else literal


def _paired(values: list[_Slot]) -> Iterator[Entry]:
    for key, value in zip(values[::2], values[1::2], strict=True):
        yield Entry(key.value, value.value, key.position)


def _item_size(dtype: Any) -> int | None:
    """How many bytes an item of an array takes; None for objects.

    Raises:
        UnreadablePickle: it is no type of numpy's.
    """
    if not isinstance(dtype, Made) or not isinstance(dtype.arguments, tuple) or not dtype.arguments:
        raise UnreadablePickle("it has an array of a type that is not known")
    code = str(dtype.arguments[0])
    kind, size = code[:1], code[1:]
    if kind == "O":
        return None
    if not size.isdecimal():
        raise UnreadablePickle(f"it has an array of a type that is not known: {code[:20]}")
    return int(size) * (4 if kind == "U" else 1)


_LITERALS = frozenset(
    {"INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT"}
    | {"STRING", "BINSTRING", "SHORT_BINSTRING", "UNICODE", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8"}
    | {"BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8"}
)
_CONSTANTS: dict[str, Callable[[], Any]] = {
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_TUPLE": tuple,
    "EMPTY_LIST": list,
    "EMPTY_SET": list,
    "EMPTY_DICT": Entries,
    "NEXT_BUFFER": lambda: None,
}
_WITHOUT_EFFECT = frozenset({"PROTO", "FRAME", "STOP", "READONLY_BUFFER"})
_STEPS: dict[str, Callable[[PickleMachine, Any, int], None]] = {
    "MARK": PickleMachine.mark,
    "POP": PickleMachine.pop,
    "POP_MARK": PickleMachine.pop_mark,
    "DUP": PickleMachine.duplicate,
    "PUT": PickleMachine.put,
    "BINPUT": PickleMachine.put,
    "LONG_BINPUT": PickleMachine.put,
    "MEMOIZE": PickleMachine.memoize,
    "GET": PickleMachine.get,
    "BINGET": PickleMachine.get,
    "LONG_BINGET": PickleMachine.get,
    "TUPLE": PickleMachine.tuple_from_mark,
    "TUPLE1": lambda machine, _, __: machine.tuple_of(1),
    "TUPLE2": lambda machine, _, __: machine.tuple_of(2),
    "TUPLE3": lambda machine, _, __: machine.tuple_of(3),
    "LIST": PickleMachine.list_from_mark,
    "DICT": PickleMachine.entries_from_mark,
    "FROZENSET": PickleMachine.list_from_mark,
    "APPEND": PickleMachine.append,
    "APPENDS": PickleMachine.extend_from_mark,
    "ADDITEMS": PickleMachine.extend_from_mark,
    "SETITEM": PickleMachine.set_item,
    "SETITEMS": PickleMachine.set_items_from_mark,
    "GLOBAL": PickleMachine.name,
    "STACK_GLOBAL": PickleMachine.name_from_stack,
    "EXT1": PickleMachine.extension,
    "EXT2": PickleMachine.extension,
    "EXT4": PickleMachine.extension,
    "PERSID": PickleMachine.persistent,
    "BINPERSID": PickleMachine.persistent_from_stack,
    "REDUCE": PickleMachine.call,
    "NEWOBJ": PickleMachine.call,
    "NEWOBJ_EX": PickleMachine.call_with_keywords,
    "INST": PickleMachine.instance_from_mark,
    "OBJ": PickleMachine.object_from_mark,
    "BUILD": PickleMachine.build,
}
