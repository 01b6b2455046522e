"""Strategies of a request's `params`: any of those that the signature declares, since all have defaults."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fakebricks.strategies.declared import Declared, ObjectOf, Parameter, Scalar
from fakebricks.strategies.nested import can_satisfy
from fakebricks.strategies.values import object_values, scalar_values

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from fakebricks.strategies.values import Values


def params_values(declared: Declared) -> SearchStrategy[Mapping[str, Any] | None]:
    """What a request may have for `params`, or None for none."""
    from hypothesis import strategies as st

    usable = [parameter for parameter in declared.parameters or () if can_send(parameter)]
    if not usable:
        return st.none()
    return st.none() | st.fixed_dictionaries({}, optional={p.name: _values(p) for p in usable})


def can_send(parameter: Parameter) -> bool:
    """Whether MLflow accepts anything for it; its own default stands in otherwise."""
    return isinstance(parameter.type, Scalar) or can_satisfy(parameter.type)


def _values(parameter: Parameter) -> Values:
    from hypothesis import strategies as st

    if isinstance(parameter.type, ObjectOf):
        return object_values(parameter.type)
    assert isinstance(parameter.type, Scalar)
    values = scalar_values(parameter.type.name)
    return st.lists(values, max_size=3) if parameter.listed else values
