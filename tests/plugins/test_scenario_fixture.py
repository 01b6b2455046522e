"""Scenarios in a project's own tests: one test for each."""

from __future__ import annotations

import pytest
from scenario_fixtures import model

OWN = '''"""A story of ours."""
from fakebricks.contracts.scenarios import scenario

@scenario(title="Ours", rules={}, source="https://x")
def ours(deployment): ...
'''


@pytest.fixture
def run(pytester: pytest.Pytester):
    """Run a project's tests of a model that scales to zero."""
    root = model()

    def run(
        marker: str, ini: str = "", parameters: str = 'cold_start={"sla": "1s"}', tests: str = "."
    ) -> pytest.RunResult:
        pytester.makepyfile(ours=OWN)
        pytester.makeini(f"[pytest]\n{ini}")
        pytester.makepyfile(
            f"""
            import pytest
            from fakebricks.contracts.making import deploy_model

            {marker}
            def test_contract(fakebricks, fakebricks_scenario):
                deploy_model(fakebricks, {str(root)!r}, "fraud", scale_to_zero_enabled=True)
                fakebricks_scenario("fraud", {parameters})
            """
        )
        options = ("-p", "no:randomly", "-p", "no:cacheprovider", "-v")
        return pytester.runpytest_subprocess(*options, tests)

    return run


def test_a_test_for_each_scenario_of_the_marker(run):
    result = run('@pytest.mark.fakebricks_scenarios("cold_start", "input_example_serves", "ours.py")')
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(["*test_contract?cold_start? FAILED*", "*test_contract?ours? PASSED*"])
    result.stdout.fnmatch_lines(["*cold-start/over-sla (error): After 1860s without requests, fraud takes*"])


def test_the_ini_file_says_which(run):
    run("", "fakebricks_scenarios = ours.py signature_present").assert_outcomes(passed=2)
    result = run("", "fakebricks_scenarios = cold_strat")
    assert "there is no scenario 'cold_strat'; did you mean 'cold_start'?" in "\n".join(
        result.errlines + result.outlines
    )


def test_slips_are_said(run):
    result = run('@pytest.mark.fakebricks_scenarios("cold_start", sla="1s")')
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*test_contract: fakebricks_scenarios takes names of scenarios alone; parameters*"])
    result = run('@pytest.mark.fakebricks_scenarios("ours.py")', parameters="cold_strat={}")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*there is no scenario 'cold_strat'; did you mean 'cold_start'?"])
    result = run('@pytest.mark.fakebricks_scenarios("ours.py")', parameters='ours={"tag": "x"}')
    result.stdout.fnmatch_lines(["*ours has no parameter 'tag'; it has none"])


def test_files_go_by_the_project_s_directory(run, pytester, monkeypatch):
    (pytester.path / "below").mkdir()
    monkeypatch.chdir(pytester.path / "below")
    run("", "fakebricks_scenarios = ours.py", tests="../test_files_go_by_the_project_s_directory.py").assert_outcomes(
        passed=1
    )


def test_all_of_them_by_default(run):
    from fakebricks.contracts.catalogue import catalogue

    outcomes = run("").parseoutcomes()
    assert sum(outcomes[one] for one in ("passed", "failed", "skipped") if one in outcomes) == len(catalogue())
    assert "errors" not in outcomes
