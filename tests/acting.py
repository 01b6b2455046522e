"""REST calls as different people of one workspace."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import RefusedError, Rest


class As:
    """The same calls as somebody else."""

    def __init__(self, rest: Rest, name: str) -> None:
        self._rest = rest
        self.person = rest.workspace.user(name)

    def __getattr__(self, verb: str) -> Any:
        def call(*arguments: Any, **fields: Any) -> Any:
            before = self._rest.headers
            self._rest.headers = {"authorization": f"Bearer {self.person.token}"}
            try:
                return getattr(self._rest, verb)(*arguments, **fields)
            finally:
                self._rest.headers = before

        return call

    def creates(self, name: str) -> str:
        return self.post("/api/2.0/mlflow/experiments/create", name=name)["experiment_id"]

    def permissions(self, object_id: str, object_type: str = "experiments") -> dict[str, list[tuple[str, bool]]]:
        acl = self.get(f"/api/2.0/permissions/{object_type}/{object_id}")["access_control_list"]
        return {
            one.get("user_name") or one["group_name"]: [
                (of["permission_level"], of["inherited"]) for of in one["all_permissions"]
            ]
            for one in acl
        }


def of(rest: Rest, name: str) -> As:
    return As(rest, name)


def refused(code: str, function: Any, *arguments: Any, **fields: Any) -> str:
    with pytest.raises(RefusedError) as refusal:
        function(*arguments, **fields)
    assert refusal.value.error_code == code, refusal.value
    return refusal.value.message


def denied(function: Any, *arguments: Any, **fields: Any) -> str:
    return refused("PERMISSION_DENIED", function, *arguments, **fields)
