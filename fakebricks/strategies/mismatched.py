"""Requests that do not match a signature, each in one known way, with MLflow's verdict on it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fakebricks.strategies.declared import Declared, read_signature
from fakebricks.strategies.formats import Form, forms
from fakebricks.strategies.mutations import Mismatch, Mutation
from fakebricks.strategies.valid import bodies
from fakebricks.strategies.wrong_bodies import empty_mutations, envelope_mutations, params_mutations
from fakebricks.strategies.wrong_cells import cell_mutations
from fakebricks.strategies.wrong_names import name_mutations
from fakebricks.strategies.wrong_tensors import tensor_mutations

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

KINDS = (
    *("missing", "renamed", "extra", "reordered", "retyped", "null", "nested", "out_of_range", "reshaped"),
    *("wrong_format", "empty", "unknown_param", "retyped_param", "null_param"),
)


def mismatched_payloads(
    signature: Any,
    *,
    kinds: Sequence[str] | None = None,
    formats: Sequence[str] | None = None,
    max_rows: int = 3,
) -> SearchStrategy[Mismatch]:
    """Requests that differ from what the signature declares in one way each.

    Args:
        signature: MLflow's `ModelSignature`.
        kinds: some of `KINDS`; all that the signature allows for, if left out.
        formats: some of `FORMATS`; all that can carry the signature, if left out.
        max_rows: how many rows a request has at most.

    Raises:
        UnsatisfiableSignature: MLflow accepts no JSON for the signature, or none in one of the formats.
        ValueError: there is no such kind or format, or the signature allows for none of the kinds.

    Example:
        >>> from hypothesis import find
        >>> from mlflow.models import ModelSignature
        >>> from mlflow.types import ColSpec, Schema
        >>> signature = ModelSignature(Schema([ColSpec("double", "amount"), ColSpec("string", "country")]))
        >>> mismatch = find(mismatched_payloads(signature, kinds=["missing"]), lambda mismatch: True)
        >>> mismatch.description, mismatch.payload
        ("The input 'amount' is missing.", {'dataframe_split': {'columns': ['country'], 'data': [['']]}})
    """
    from hypothesis import strategies as st

    declared = read_signature(signature)
    possible = forms(declared, formats)
    chosen = _by_kind(declared, possible, kinds)
    valid = {form: bodies(declared, form, max_rows=max_rows, values={}) for form in possible}

    def of(one: tuple[Form, Mutation]) -> SearchStrategy[Mismatch]:
        form, mutation = one
        return valid[form].map(mutation.done_to)

    return st.sampled_from(chosen).flatmap(st.sampled_from).flatmap(of)


def _by_kind(
    declared: Declared, possible: Sequence[Form], kinds: Sequence[str] | None
) -> list[list[tuple[Form, Mutation]]]:
    unknown = sorted(set(kinds or ()) - set(KINDS))
    if unknown:
        raise ValueError(f"There is no kind of mismatch {unknown[0]!r}; there are {', '.join(KINDS)}.")
    found: Mapping[str, list[tuple[Form, Mutation]]] = {kind: [] for kind in KINDS}
    for form in possible:
        for mutation in mutations(declared, form):
            found[mutation.kind].append((form, mutation))
    chosen = [found[kind] for kind in KINDS if (kinds is None or kind in kinds) and found[kind]]
    if not chosen:
        raise ValueError(f"Nothing in this signature can be wrong in this way: {', '.join(kinds or ())}.")
    return chosen


def mutations(declared: Declared, form: Form) -> Iterator[Mutation]:
    """All that can be wrong with requests in a form."""
    yield from name_mutations(declared, form)
    yield from cell_mutations(declared, form)
    yield from tensor_mutations(declared, form)
    yield from envelope_mutations(form)
    yield from empty_mutations(declared, form)
    yield from params_mutations(declared)


__all__ = ["KINDS", "Mismatch", "mismatched_payloads", "mutations"]
