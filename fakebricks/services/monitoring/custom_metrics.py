"""Definitions of custom metrics: Jinja templates of SQL expressions, rendered in a sandbox.

Real: the variables `input_column`, `prediction_col`, `label_col`, `current_df` and `base_df` (documented). What a
definition may read is what the monitor's creator may read, as whom it is executed. Refused: results that are not one
value of a simple type, and what may keep a template from ending: loops, macros and what multiplies texts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fakebricks.services.unity_catalog.column_types import column_type
from fakebricks.wire.errors import InvalidParameterValue, NotImplementedByFakebricks

if TYPE_CHECKING:
    from jinja2.nodes import Template

_SQL = {"integer": "int", "long": "bigint", "short": "smallint", "byte": "tinyint"}
"""What SQL calls the types that Spark's JSON calls otherwise."""


def output_type(name: str, output_data_type: str) -> str:
    """The type of a metric's column as SQL says it, from a field of a Spark struct as JSON, or the type alone.

    >>> output_type("weighted", '{"name": "output", "type": "double", "nullable": true, "metadata": {}}')
    'double'

    Raises:
        InvalidParameterValue: it says no type.
        NotImplementedByFakebricks: the type is not a simple one.
    """
    try:
        said = json.loads(output_data_type)
    except (ValueError, RecursionError):
        said = output_data_type
    if isinstance(said, dict) and "name" in said:
        said = said.get("type")
    if isinstance(said, dict):
        raise NotImplementedByFakebricks(
            f"fakebricks computes no custom metric with the output_data_type of '{name}'; use a simple type."
        )
    if not isinstance(said, str) or not said:
        raise InvalidParameterValue(f"Custom metric '{name}': its output_data_type is not the JSON of a StructField.")
    found = column_type(_SQL.get(said, said))
    if found.parts or found.fields:
        raise NotImplementedByFakebricks(
            f"fakebricks computes no custom metric with the output_data_type of '{name}'; use a simple type."
        )
    return found.text


def rendered(name: str, definition: str, variables: Mapping[str, Any]) -> str:
    """The SQL expression of a metric.

    Raises:
        InvalidParameterValue: the definition is no template, or names what it is not given.
        NotImplementedByFakebricks: it computes what SQL is there for.
    """
    from jinja2 import StrictUndefined, TemplateError
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
    environment.globals.clear()
    try:
        _refuse_programs(name, environment.parse(definition))
        return str(environment.from_string(definition).render(**variables))
    except (TemplateError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        reason = str(error)
    except RecursionError:
        reason = "it is nested too deeply"
    raise InvalidParameterValue(f"Custom metric '{name}': its definition cannot be rendered: {reason}")


def _refuse_programs(name: str, template: Template) -> None:
    from jinja2 import nodes

    programs = (
        *(nodes.For, nodes.Macro, nodes.CallBlock, nodes.Assign, nodes.AssignBlock),
        *(nodes.Mul, nodes.Pow, nodes.Mod),
    )
    if next(template.find_all(programs), None) is not None:
        raise NotImplementedByFakebricks(
            f"Custom metric '{name}': fakebricks renders no loops, macros, assignments and no *, ** and % in the "
            "template of a definition; write them as SQL."
        )
