"""Hypothesis strategies from an MLflow signature: the requests that a served model must answer, and those it must not.

Real: which bodies MLflow's scoring server accepts (tested against MLflow 2.22 and 3.17, for generated signatures too).
Refused: signatures that no JSON body satisfies, and signatures without inputs, each by `UnsatisfiableSignature`.
Left out: bodies of which it depends on the versions of pandas and numpy whether MLflow accepts them.

Hypothesis is imported when a strategy is made. MLflow is needed for `signatures()` alone: a signature is read through
its own `to_dict`.
"""

from fakebricks.strategies.declared import UnsatisfiableSignature
from fakebricks.strategies.formats import FORMATS, formats
from fakebricks.strategies.generated import signatures
from fakebricks.strategies.mismatched import KINDS, Mismatch, mismatched_payloads
from fakebricks.strategies.valid import payloads

__all__ = [
    "FORMATS",
    "KINDS",
    "Mismatch",
    "UnsatisfiableSignature",
    "formats",
    "mismatched_payloads",
    "payloads",
    "signatures",
]
