"""`fake_workspace` as a user has it: context manager, decorator, options, strictness."""

from __future__ import annotations

import asyncio
import os
import re
import threading
import time
from datetime import UTC, date, datetime

import pytest
import requests

from fakebricks import UnsupportedCallError, Workspace, fake_workspace
from fakebricks.clock import VirtualClock


def me() -> str:
    headers = {"authorization": f"Bearer {os.environ['DATABRICKS_TOKEN']}"}
    url = f"{os.environ['DATABRICKS_HOST']}/api/2.0/preview/scim/v2/Me"
    return requests.get(url, headers=headers, timeout=5).json()["userName"]


def unknown() -> int:
    headers = {"authorization": f"Bearer {os.environ['DATABRICKS_TOKEN']}"}
    return requests.get(f"{os.environ['DATABRICKS_HOST']}/api/2.0/no/such", headers=headers, timeout=5).status_code


def test_it_yields_a_workspace_that_clients_find():
    with fake_workspace(user="sam@acme.test") as workspace:
        assert isinstance(workspace, Workspace)
        assert me() == "sam@acme.test"
        assert [str(call) for call in workspace.calls] == ["GET /api/2.0/preview/scim/v2/Me -> 200"]


def test_as_a_decorator_each_call_has_a_workspace_of_its_own():
    @fake_workspace(user="sam@acme.test")
    def decorated(addend: int, *, other: int) -> tuple[str, int]:
        """Its docstring."""
        time.sleep(60)
        return me(), addend + other

    assert decorated(1, other=2) == decorated(1, other=2) == ("sam@acme.test", 3)
    assert decorated.__doc__ == "Its docstring."
    assert "DATABRICKS_HOST" not in os.environ or "fakebricks.test" not in os.environ["DATABRICKS_HOST"]


def test_as_a_decorator_of_a_coroutine_function():
    @fake_workspace(user="sam@acme.test")
    async def decorated() -> str:
        await asyncio.sleep(0)
        return await asyncio.to_thread(me)

    assert asyncio.run(decorated()) == "sam@acme.test"


def test_classes_and_generators_are_not_decorated():
    def generator():
        yield

    for other in (generator, type("C", (), {})):
        with pytest.raises(TypeError, match="decorates functions"):
            fake_workspace()(other)


def test_one_object_can_be_entered_again_and_within_itself():
    fake = fake_workspace()
    with fake as first, fake as second:
        assert first is not second
        me()
        assert (len(first.calls), len(second.calls)) == (0, 1)
    with fake as third:
        assert len(third.calls) == 0


def test_what_is_not_computed_is_named_on_exit():
    with pytest.raises(UnsupportedCallError, match="GET /api/2.0/no/such"), fake_workspace():
        assert unknown() == 501


def test_lenient():
    with fake_workspace(strict=False):
        assert unknown() == 501


def test_an_error_of_the_test_s_own_is_not_hidden_and_the_reason_is_noted():
    with pytest.raises(ZeroDivisionError) as caught, fake_workspace():
        unknown()
        raise ZeroDivisionError
    assert "GET /api/2.0/no/such" in caught.value.__notes__[0]


def test_the_surroundings_are_put_back_after_an_unsupported_call():
    before = dict(os.environ), time.sleep, requests.Session.get_adapter
    with pytest.raises(UnsupportedCallError), fake_workspace():
        unknown()
    assert (dict(os.environ), time.sleep, requests.Session.get_adapter) == before


@pytest.mark.parametrize("option", ["clock", "storage", "runtime"])
def test_a_wrong_value_lists_the_right_ones(option):
    with pytest.raises(ValueError, match=rf"{option}='nonsense' is not a choice; there are '\w+', '\w+'"):
        fake_workspace(**{option: "nonsense"})


@pytest.mark.parametrize("made", [Workspace, fake_workspace])
@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"catalogs": "prod"}, "catalogs are a list: catalogs=['prod']"),
        ({"serving": "x"}, "serving='x' is no mapping; say serving={'deployment': 60}"),
        ({"warehouses": [20]}, "warehouses=[20] is no mapping; say warehouses={'statement': 20}"),
    ],
    ids=str,
)
def test_one_value_is_not_taken_for_many(made, options, reason):
    with pytest.raises(TypeError, match=re.escape(reason)):
        made(**options)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"user": 3}, "3 cannot be the name of a user"),
        ({"user": "a/b"}, "'a/b' cannot be the name of a user"),
        ({"spark": "http://cluster"}, "spark='http://cluster' is no URL of a Spark Connect server"),
    ],
    ids=str,
)
def test_values_that_cannot_be(options, reason):
    with pytest.raises(ValueError, match=re.escape(reason)):
        fake_workspace(**options)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"runtime_image": "15.4 LTS ML"}, "needs runtime='virtualenv' or runtime='docker'"),
        ({"runtime": "docker", "runtime_image": "15.44"}, "No runtime is known as '15.44'"),
        ({"runtime": "virtualenv", "runtime_image": {}}, "neither the name of a runtime"),
        ({"runtime": "virtualenv", "runtime_image": {"scikit-learn": ">=1.3"}}, "and no range"),
        ({"runtime": "virtualenv", "runtime_image": {"python": "2.7"}}, "'2.7' cannot be a version of python"),
        ({"runtime": "virtualenv", "runtime_image": {"-r /etc/passwd": "1"}}, "cannot be the name of a package"),
    ],
    ids=str,
)
def test_an_image_that_cannot_be(options, reason):
    with pytest.raises(ValueError, match=re.escape(reason)):
        fake_workspace(**options)


def test_a_clock_of_the_test_s_own():
    clock = VirtualClock(start=1_700_000_000)
    with fake_workspace(clock=clock) as workspace:
        assert workspace.clock is clock
        assert datetime.now(UTC).date() == date(2023, 11, 14)  # and for some hours yet


def test_seeds():
    def names(seed: int) -> tuple[str, str]:
        with fake_workspace(seed=seed) as workspace:
            return workspace.host, workspace.token

    assert names(1) == names(1)
    assert names(1) != names(2)


def test_the_files_are_removed():
    with fake_workspace() as workspace:
        directory = workspace._scratch.directory()
        assert directory.is_dir()
    assert not directory.exists()


def test_threads_of_the_test_are_answered():
    found: list[str] = []
    with fake_workspace():
        threads = [threading.Thread(target=lambda: found.append(me())) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert found == ["jane@acme.test"] * 8
