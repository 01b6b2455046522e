"""Which changes of a signature break those who already send requests and read answers.

Real: what MLflow does with what a signature does not know: named inputs that are too many are ignored, as are unknown
parameters; a missing input that is required is refused (documented: "Model signatures"). Inferred: that a consumer
reads every output by its name and its type, and that an input may only get wider (integer to long or double, float to
double).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from fakebricks.contracts.findings import Finding, Severity

_SOURCE = "https://mlflow.org/docs/latest/ml/model/signatures/"
_WIDER = frozenset((("integer", "long"), ("integer", "double"), ("float", "double")))
_FIXES = {
    "signature-removed": "Log the model with a signature.",
    "new-required-input": "Make the input optional, or tell consumers first.",
    "input-now-required": "Leave it optional.",
    "input-retyped": "Keep the type, or accept a wider one.",
    "input-ignored": "Tell consumers that it has no effect any more.",
    "output-removed": "Keep the output.",
    "output-retyped": "Keep the type, or add an output beside it.",
    "output-now-optional": "Always answer it.",
    "param-removed": "Keep the parameter: consumers that set it are no longer heard.",
    "param-retyped": "Keep the parameter's type and shape.",
    "param-default-changed": "Tell consumers who rely on the default.",
}
RULES = tuple(f"contract/{name}" for name in _FIXES)
"""The ids of what may be found."""

Spec = Mapping[str, Any]


def breaking_changes(old: Spec | None, new: Spec | None) -> tuple[Finding, ...]:
    """What breaks a consumer of the old signature when the new one is served.

    >>> old = {"inputs": '[{"name": "amount", "type": "double"}]', "outputs": '[{"type": "double"}]', "params": None}
    >>> new = {**old, "inputs": '[{"name": "amount", "type": "string"}]'}
    >>> [(one.rule, one.message) for one in breaking_changes(old, new)]
    [('contract/input-retyped', "The input 'amount' was double and is string.")]
    >>> breaking_changes(old, old)
    ()

    Args:
        old: as `ModelSignature.to_dict()` has it; None where there is none, which promises nothing.
        new: likewise.

    Raises:
        ValueError: one is no signature.
    """
    if old is None:
        return ()
    if new is None:
        return (_finding("signature-removed", "The model has no signature any more."),)
    before, after = ({name: _decoded(of, name) for name in ("inputs", "outputs", "params")} for of in (old, new))
    return (
        *_inputs(before["inputs"], after["inputs"]),
        *_outputs(before["outputs"], after["outputs"]),
        *_params(before["params"], after["params"]),
    )


def _decoded(signature: Spec, part: str) -> list[Spec]:
    told = signature.get(part)
    listed = json.loads(told) if isinstance(told, str) else told
    if listed is None:
        return []
    if not isinstance(listed, list) or not all(isinstance(one, dict) and "type" in one for one in listed):
        message = f"{part} of a signature is a list of specifications, each with a type, not {str(told)[:80]!r}"
        raise ValueError(message)
    return listed


def _inputs(old: list[Spec], new: list[Spec]) -> Iterator[Finding]:
    before, after = _named(old), _named(new)
    for name, spec in after.items():
        if name not in before and old and spec.get("required", True):
            yield _finding("new-required-input", f"The input {name} is new, and required.")
        elif name in before and spec.get("required", True) and not before[name].get("required", True):
            yield _finding("input-now-required", f"The input {name} was optional and is required.")
    for name, spec in before.items():
        if name in after:
            if not _accepts(spec, after[name]):
                yield _retyped("input-retyped", f"The input {name}", spec, after[name])
        elif new and "name" in spec:
            yield _finding(
                "input-ignored", f"The input {name} is gone; what is sent of it is ignored.", Severity.WARNING
            )
        elif new:
            yield _finding("input-retyped", f"The input {name} is gone, and inputs without names go by their number.")


def _outputs(old: list[Spec], new: list[Spec]) -> Iterator[Finding]:
    before, after = _named(old), _named(new)
    for name, spec in before.items():
        if name not in after:
            yield _finding("output-removed", f"The output {name} is gone.")
            continue
        if not _promises(after[name], spec):
            yield _retyped("output-retyped", f"The output {name}", spec, after[name])
        elif spec.get("required", True) and not after[name].get("required", True):
            yield _finding("output-now-optional", f"The output {name} was always there and is optional.")


def _params(old: list[Spec], new: list[Spec]) -> Iterator[Finding]:
    before, after = _named(old), _named(new)
    for name, spec in before.items():
        if name not in after:
            yield _finding("param-removed", f"The parameter {name} is gone; what is sent of it is ignored.")
        elif (spec["type"], spec.get("shape")) != (after[name]["type"], after[name].get("shape")):
            yield _retyped("param-retyped", f"The parameter {name}", spec, after[name])
        elif spec.get("default") != after[name].get("default"):
            change = f"from {spec.get('default')!r} to {after[name].get('default')!r}"
            message = f"The default of the parameter {name} has changed {change}."
            yield _finding("param-default-changed", message, Severity.WARNING)


def _named(specs: list[Spec]) -> dict[str, Spec]:
    """By name, or by position where there is none."""
    return {repr(one["name"]) if one.get("name") else f"number {number}": one for number, one in enumerate(specs, 1)}


def _accepts(sent: Spec, asked: Spec) -> bool:
    """Whether what was sent until now is still accepted."""
    if sent["type"] != asked["type"]:
        return asked["type"] == "any" or (sent["type"], asked["type"]) in _WIDER
    if sent["type"] == "tensor":
        return _tensor_fits(sent["tensor-spec"], asked["tensor-spec"])
    if sent["type"] == "object":
        before, after = sent["properties"], asked["properties"]
        known = all(name in before or not spec.get("required", True) for name, spec in after.items())
        kept = all(name in after and _accepts(spec, after[name]) for name, spec in before.items())
        stricter = any(
            after[name].get("required", True) and not spec.get("required", True)
            for name, spec in before.items()
            if name in after
        )
        return known and kept and not stricter
    return _of_elements(_accepts, sent, asked)


def _promises(told: Spec, read: Spec) -> bool:
    """Whether what is answered now can be read by who knows the old answers."""
    if told["type"] != read["type"]:
        return False
    if told["type"] == "tensor":
        return _tensor_fits(told["tensor-spec"], read["tensor-spec"])
    if told["type"] == "object":
        after, before = told["properties"], read["properties"]
        return all(
            name in after
            and _promises(after[name], spec)
            and (after[name].get("required", True) or not spec.get("required", True))
            for name, spec in before.items()
        )
    return _of_elements(_promises, told, read)


def _of_elements(fits: Any, one: Spec, other: Spec) -> bool:
    """Arrays and maps fit where what is in them does."""
    for part in ("items", "values"):
        if part in one and not (part in other and fits(one[part], other[part])):
            return False
    return True


def _tensor_fits(given: Spec, asked: Spec) -> bool:
    if given["dtype"] != asked["dtype"] or len(given["shape"]) != len(asked["shape"]):
        return False
    return all(wanted in (-1, size) for size, wanted in zip(given["shape"], asked["shape"], strict=True))


def _retyped(rule: str, what: str, old: Spec, new: Spec) -> Finding:
    return _finding(rule, f"{what} was {_type(old)} and is {_type(new)}.")


def _type(spec: Spec) -> str:
    """A type, as short as it can be told."""
    if spec["type"] == "tensor":
        tensor = spec["tensor-spec"]
        return f"a tensor of {tensor['dtype']}, {tuple(tensor['shape'])}"
    if spec["type"] == "object":
        parts = (
            f"{name}{'' if one.get('required', True) else '?'}: {_type(one)}"
            for name, one in spec["properties"].items()
        )
        return f"object({', '.join(parts)})"
    for part in ("items", "values"):
        if part in spec:
            return f"{spec['type']}({_type(spec[part])})"
    return f"{spec['type']} of shape {tuple(spec['shape'])}" if spec.get("shape") else str(spec["type"])


def _finding(rule: str, message: str, severity: Severity = Severity.ERROR) -> Finding:
    return Finding(f"contract/{rule}", message, severity, _FIXES[rule], _SOURCE)
