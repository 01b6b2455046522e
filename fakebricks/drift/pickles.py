"""What a pickle holds, for the rules of drift: classes, their attributes, names, code that it carries by value.

Real: all of it is read from the opcodes, see `pickle_machine`. Of an attribute only as much is told as a rule can ask
for: a literal itself, of an array the shape, of another object the class.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fakebricks.drift.contents import PICKLE, Held, ModelFile, Trait
from fakebricks.drift.pickle_machine import ARRAY_WRAPPER, BinaryFile, Data, Entries, Made, Name, PickleMachine

LONGEST_TEXT = 60
NAMES_IN_CODE, NAME_IN_CODE = 8, 11
"""Which arguments of `types.CodeType` are the names that it uses, and its own, in all Pythons since 3.8."""


def read_pickle(file: BinaryFile, path: str) -> ModelFile:
    """What the pickle that a file begins with holds.

    Raises:
        UnreadablePickle: it is none, or is damaged.
    """
    machine = PickleMachine(file)
    machine.run()
    held = tuple(_held(made) for made in machine.made if _is_object(made))
    return ModelFile(
        path=path,
        format=PICKLE,
        held=held,
        names=machine.names | _imported_modules(machine),
        by_value=tuple(dict.fromkeys(filter(None, map(_code_by_value, machine.made)))),
        called=_called(machine),
        told=_told(held),
    )


def _held(made: Made) -> Held:
    traits = {
        entry.key: Trait(_text(entry.value), entry.position) for entry in made.attributes if isinstance(entry.key, str)
    }
    return Held(made.class_name, made.position, traits, made.end)


def _is_object(made: Made) -> bool:
    """Arrays and what they consist of are told as attributes of what holds them."""
    return bool(made.class_name) and not made.class_name.startswith(("numpy.core.", "numpy._core.", "numpy.dtype"))


def _told(held: tuple[Held, ...]) -> dict[str, str]:
    """The version of scikit-learn that each of its estimators is saved with."""
    versions = (one.traits["_sklearn_version"].text for one in held if "_sklearn_version" in one.traits)
    version = next(versions, None)
    return {} if version is None else {"scikit-learn": version.strip("'")}


def _text(value: Any) -> str:
    for kind, text in _TEXTS.items():
        if isinstance(value, kind):
            return text(value)
    return repr(value)


def _text_of_made(made: Made) -> str:
    shape = _shape(made)
    if shape is not None:
        return f"ndarray({', '.join(str(one)[:20] for one in shape)})"
    return f"<{made.class_name}>"


_TEXTS: Mapping[type, Callable[[Any], str]] = {
    Made: _text_of_made,
    Name: lambda value: f"<{value.full}>",
    Data: lambda value: f"data({value.length})",
    Entries: lambda value: f"dict({len(value)})",
    list: lambda value: f"list({len(value)})",
    tuple: lambda value: f"tuple({len(value)})",
    bytes: lambda value: f"bytes({len(value)})",
    bytearray: lambda value: f"bytes({len(value)})",
    str: lambda value: repr(value[:LONGEST_TEXT]),
    int: lambda value: repr(value) if value.bit_length() <= LONGEST_TEXT else "int",
}


def _shape(made: Made) -> tuple[Any, ...] | None:
    """The shape of an array, of each of the ways in which arrays are pickled; None for what is none."""
    name = made.class_name
    if name.endswith("multiarray._reconstruct"):
        return _tuple_at(made.state[0] if made.state else None, 1)
    if name.endswith("numeric._frombuffer"):
        return _tuple_at(made.arguments, 2)
    if name == ARRAY_WRAPPER:
        shapes = [entry.value for entry in made.attributes if entry.key == "shape"]
        return _tuple_at(tuple(shapes), 0)
    return None


def _tuple_at(values: Any, index: int) -> tuple[Any, ...]:
    value = values[index] if isinstance(values, tuple) and len(values) > index else None
    return value if isinstance(value, tuple) else ()


def _imported_modules(machine: PickleMachine) -> dict[str, int]:
    """Modules that code by value has as globals; cloudpickle imports them by a function of its own."""
    modules = (
        (made.arguments[0], made.position)
        for made in machine.made
        if made.class_name.endswith("cloudpickle.subimport") and isinstance(made.arguments, tuple) and made.arguments
    )
    return {module: position for module, position in modules if isinstance(module, str)}


def _called(machine: PickleMachine) -> frozenset[str]:
    """The names that code by value uses."""
    codes = (made.arguments for made in machine.made if _makes_code(made) and isinstance(made.arguments, tuple))
    names = (name for arguments in codes for name in _tuple_at(arguments, NAMES_IN_CODE))
    return frozenset(name for name in names if isinstance(name, str))


def _code_by_value(made: Made) -> str | None:
    """The name of the function whose code it is, or of the class that is made anew; None for other things."""
    arguments = made.arguments
    if not isinstance(arguments, tuple):
        return None
    if made.class_name.endswith("._make_skeleton_class"):
        return _string_at(arguments, 1)
    if _makes_code(made):
        return _string_at(arguments, NAME_IN_CODE)
    return None


def _makes_code(made: Made) -> bool:
    """Cloudpickle has `types.CodeType` by the name of a built-in type."""
    maker = made.maker
    if made.class_name == "types.CodeType":
        return True
    return (
        isinstance(maker, Made)
        and maker.class_name.endswith("cloudpickle._builtin_type")
        and maker.arguments == ("CodeType",)
    )


def _string_at(values: tuple[Any, ...], index: int) -> str:
    value = values[index] if len(values) > index else None
    return value if isinstance(value, str) else "?"
