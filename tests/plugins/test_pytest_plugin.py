"""The plugin, as a project that has it installed sees it."""

from __future__ import annotations

import subprocess
import sys

import pytest

ASK = """
import os
import requests

def me():
    url = os.environ["DATABRICKS_HOST"] + "/api/2.0/preview/scim/v2/Me"
    return requests.get(url, headers={"authorization": "Bearer " + os.environ["DATABRICKS_TOKEN"]}).json()["userName"]

def unknown():
    url = os.environ["DATABRICKS_HOST"] + "/api/2.0/no/such/thing"
    return requests.get(url, headers={"authorization": "Bearer " + os.environ["DATABRICKS_TOKEN"]}).status_code
"""


@pytest.fixture
def run(pytester: pytest.Pytester):
    pytester.makepyfile(ask=ASK)

    def run(source: str, *arguments: str) -> pytest.RunResult:
        pytester.makepyfile(source)
        return pytester.runpytest_subprocess("-p", "no:randomly", "-p", "no:cacheprovider", *arguments)

    return run


@pytest.mark.parametrize("transport", ["process", "server"])
def test_both_fixtures_answer_over_both_transports(run, transport):
    result = run(
        f"""
        import os, time
        from ask import me

        def test_one(fakebricks):
            assert me() == "jane@acme.test"
            assert ("127.0.0.1" in os.environ["DATABRICKS_HOST"]) == ({transport!r} == "server")
            assert len(fakebricks.calls) == 1

        def test_fresh(fakebricks):
            assert len(fakebricks.calls) == 0

        def test_server(fakebricks_server):
            assert "127.0.0.1" in os.environ["DATABRICKS_HOST"]
            assert me() == "jane@acme.test"
            assert len(fakebricks_server.calls) == 1

        def test_simulated_time(fakebricks_server):
            before = fakebricks_server.clock.time()
            time.sleep(3600)
            assert 3600 <= fakebricks_server.clock.time() - before < 3600 + 600

        def test_nothing_left():
            assert "127.0.0.1" not in os.environ.get("DATABRICKS_HOST", "")
        """,
        f"--fakebricks-transport={transport}",
    )
    result.assert_outcomes(passed=5)


def test_the_marker_gives_options_and_the_closest_wins(run):
    result = run(
        """
        import pytest
        from ask import me

        pytestmark = pytest.mark.fakebricks(user="module@acme.test", seed=3)

        def test_module(fakebricks):
            assert me() == "module@acme.test"

        @pytest.mark.fakebricks(user="own@acme.test")
        def test_own(fakebricks):
            assert me() == "own@acme.test"

        @pytest.mark.fakebricks(clock="sundial")
        def test_wrong(fakebricks):
            pass
        """,
        "--strict-markers",
    )
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(["*clock='sundial' is not a choice; there are 'virtual', 'real'*"])


@pytest.mark.parametrize("fixture", ["fakebricks", "fakebricks_server"])
def test_an_unsupported_call_fails_the_test_and_is_named_once(run, fixture):
    result = run(
        f"""
        import pytest
        from ask import unknown

        def test_strict({fixture}):
            assert unknown() == 501

        @pytest.mark.fakebricks(strict=False)
        def test_lenient({fixture}):
            assert unknown() == 501

        def test_own_error_comes_first({fixture}):
            unknown()
            assert 1 == 2
        """
    )
    result.assert_outcomes(passed=1, failed=2)
    refused = "*fakebricks does not implement 'GET /api/2.0/no/such/thing'*"
    result.stdout.fnmatch_lines([refused, "*assert 1 == 2*", refused])


def test_a_call_during_teardown_is_reported_too(run):
    result = run(
        """
        import pytest
        from ask import unknown

        @pytest.fixture
        def late(fakebricks):
            yield
            unknown()

        def test_it(late):
            pass
        """
    )
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*fakebricks does not implement*"])


def test_workers_of_xdist_do_not_meet(run):
    result = run(
        """
        import pytest
        from ask import me

        @pytest.mark.parametrize("n", range(8))
        def test_it(fakebricks, n):
            for _ in range(n):
                me()
            assert len(fakebricks.calls) == n

        @pytest.mark.parametrize("n", range(8))
        def test_server(fakebricks_server, n):
            for _ in range(n):
                me()
            assert len(fakebricks_server.calls) == n
        """,
        "-n2",
    )
    result.assert_outcomes(passed=16)


def test_live_is_refused(run):
    result = run("def test_it(): pass", "--fakebricks-live")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--fakebricks-live is not available yet*"])


def test_the_plugin_imports_nothing_heavy():
    heavy = "fakebricks", "requests", "mlflow", "time_machine", "werkzeug", "msgspec"
    code = f"import sys, pytest, pytest_fakebricks; print([one for one in {heavy!r} if one in sys.modules])"
    printed = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert printed.strip() == "[]"


LEAVING_A_RUN = """
    import mlflow
    import pytest

    {marker}
    def test_leaving_a_run(fakebricks):
        client = mlflow.MlflowClient()
        client.create_run(client.create_experiment("/Shared/fraud"), run_name="left")

    def test_asking_nothing(fakebricks):
        pass
"""
_MARKER = '@pytest.mark.fakebricks(policies=["runs-*"])'


@pytest.mark.parametrize(("marker", "options"), [(_MARKER, ()), ("", ("-o", "fakebricks_policies=runs-*"))])
def test_a_broken_policy_fails_the_test(run, marker, options):
    result = run(LEAVING_A_RUN.format(marker=marker), *options)

    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["policy/runs-not-left-unfinished: The run 'left'*"])


def test_a_waiver_of_the_project_is_heeded(run, pytester):
    pytester.makepyprojecttoml('[tool.fakebricks.waive]\n"policy/runs-*" = "this project tests crashes"\n')
    result = run(LEAVING_A_RUN.format(marker=_MARKER))

    result.assert_outcomes(passed=2)
