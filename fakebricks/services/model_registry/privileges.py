"""What the operations on models take beyond one row of the privilege table; both dialects ask it here."""

from __future__ import annotations

from fakebricks.services.unity_catalog.authority import Authority
from fakebricks.services.unity_catalog.rules import Rule
from fakebricks.wire.authentication import Caller


def require_change(authority: Authority, full_name: str, caller: Caller, *, renaming: bool) -> None:
    """To manage the model, and under another name to create one in its schema (documented).

    Raises:
        PermissionDenied: the caller may not.
    """
    authority.require(Rule.MANAGE_MODEL, full_name, caller)
    if renaming:
        authority.require(Rule.CREATE_MODEL, full_name, caller)


def require_files(authority: Authority, full_name: str, caller: Caller, *, writing: bool) -> None:
    """To load a version of the model, or to make one of it.

    Raises:
        PermissionDenied: the caller may not.
    """
    authority.require(Rule.CREATE_MODEL_VERSION if writing else Rule.LOAD_MODEL, full_name, caller)
