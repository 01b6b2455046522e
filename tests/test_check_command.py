"""`fakebricks check`: what it exits with on models and bundles, good and broken, and on what cannot be checked."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner, Result
from scenario_fixtures import model

from fakebricks import check_command
from fakebricks.answers import Unusable
from fakebricks.cli import main
from fakebricks.contracts.findings import Outcome, Verdict
from fakebricks.contracts.gate import Gate

_ANY = ("--scenario", "signature_present")
BUNDLE = """
bundle:
  name: fraud
variables:
  zero:
    default: false
resources:
  model_serving_endpoints:
    fraud:
      name: fraud
      tags:
        - key: latency
          value: critical
      config:
        served_entities:
          - entity_name: main.default.fraud
            entity_version: "1"
            workload_size: Small
            scale_to_zero_enabled: ${var.zero}
"""


@pytest.fixture(autouse=True)
def _in_an_empty_project(tmp_path, monkeypatch) -> Iterator[None]:
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")


@pytest.fixture
def bundle(tmp_path) -> Path:
    file = tmp_path / "bundle" / "databricks.yml"
    file.parent.mkdir()
    file.write_text(BUNDLE)
    return file


def check(*arguments: str | Path) -> Result:
    result = CliRunner().invoke(main, ["check", *map(str, arguments)], env={"COLUMNS": "200"})
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def test_a_good_model_exits_with_0_and_every_report_says_so(tmp_path):
    reports = {name: tmp_path / f"report.{name}" for name in ("junit", "json", "html")}
    options = [part for name, file in reports.items() for part in (f"--{name}", file)]
    patient = (
        "--scenario",
        "cold_start",
        "--param",
        "cold_start.sla=60s",
    )
    result = check(model(), "--scenario", "signature_present", *patient, *options, "--github")

    assert result.exit_code == 0, result.output
    assert "the contract is kept" in result.output
    told = json.loads(reports["json"].read_text())
    assert [one["name"] for one in told["verdicts"]] == ["policies", "signature_present", "cold_start"]
    assert told["broken"] is False
    assert ET.parse(reports["junit"]).getroot().get("tests") == "3"
    assert "The contract is kept." in reports["html"].read_text()


def test_a_model_that_breaks_exits_with_1_and_names_the_rule():
    slow = ("--serving", "model=3", "--scenario", "cold_start", "--param", "cold_start.sla=1s")
    result = check(model(), *slow, "--github")

    assert result.exit_code == 1, result.output
    assert "the contract is broken" in result.output
    assert "::error title=cold-start/" in result.output


def test_a_policy_is_broken_waived_weighed_and_left_out(tmp_path):
    loose = tmp_path / "loose"
    shutil.copytree(model(), loose)
    (loose / "requirements.txt").write_text("click\n")
    assert "error policy/requirements-pinned: main.default.model version 1 requires click" in check(loose, *_ANY).output
    assert check(loose, *_ANY).exit_code == 1
    assert check(loose, *_ANY, "--policy", "none").exit_code == 0
    assert check(loose, *_ANY, "--policy", "alias-*").exit_code == 0

    project = Path("pyproject.toml")
    project.write_text('[tool.fakebricks.waive]\n"policy/requirements-pinned" = "until May"\n')
    waived = check(loose, *_ANY)
    assert (waived.exit_code, "waived: until May" in waived.output) == (0, True)
    project.write_text('[tool.fakebricks.severity]\n"policy/requirements-pinned" = "warning"\n')
    assert "warning policy/requirements-pinned" in check(loose, *_ANY).output


def test_a_waiver_that_has_ended_or_has_a_slip_in_it_waives_nothing(tmp_path):
    slow = ("--serving", "model=3", "--scenario", "cold_start", "--policy", "none")
    project = Path("pyproject.toml")
    project.write_text('[tool.fakebricks.waive]\n"cold-start/*" = { reason = "old callers", until = 2001-01-01 }\n')
    ended = check(model(), *slow)
    assert (ended.exit_code, "It was waived until 2001-01-01: old callers" in ended.output) == (1, True)
    project.write_text('[tool.fakebricks.waive]\n"cold-start/over-slo" = "old callers"\n')
    slip = check(model(), *slow)
    assert slip.exit_code == 2
    assert "pyproject.toml: no rule is 'cold-start/over-slo', which is weighed or waived; did you mean" in slip.output


OURS = """
from databricks.sdk import WorkspaceClient

client = WorkspaceClient()

def score():
    client.serving_endpoints.query("model", dataframe_records=[{"amount": 1.0}])
"""


def test_the_team_s_own_code_is_found_beside_the_command_and_meets_the_fake():
    Path("our_caller.py").write_text(OURS)
    result = check(model(), "--scenario", "token_expiry", "--param", "token_expiry.call=our_caller:score")
    assert result.exit_code == 0, result.output
    assert "token_expiry" in result.output
    assert "1 passed" not in result.output  # two: the policies, and the scenario itself


def test_a_project_chooses_scenarios():
    Path("pyproject.toml").write_text('[tool.fakebricks]\nscenarios = ["signature_present"]\npolicies = ["alias-*"]\n')
    result = check(model(), "--json", "report.json")

    assert result.exit_code == 0, result.output
    names = [one["name"] for one in json.loads(Path("report.json").read_text())["verdicts"]]
    assert names == ["policies", "signature_present"]


def test_a_contract_is_written_and_kept():
    written = check(model(), *_ANY, "--write-contract", "contract.json")
    assert written.exit_code == 0, written.output

    kept = check(model(), *_ANY, "--against", "contract.json")
    assert kept.exit_code == 0, kept.output
    assert "is kept" in kept.output


@pytest.mark.parametrize("against", ["contract", "model"])
def test_a_contract_is_broken(against, tmp_path):
    told: str | Path = model()
    if against == "contract":
        check(model(), *_ANY, "--write-contract", "contract.json")
        told = "contract.json"
    retyped = tmp_path / "retyped"
    shutil.copytree(model(), retyped)
    file = retyped / "MLmodel"
    file.write_text(
        file.read_text().replace('"type": "double", "name": "amount"', '"type": "string", "name": "amount"')
    )

    result = check(retyped, *_ANY, "--against", told)
    assert result.exit_code == 1, result.output
    assert "contract/input-retyped: The input 'amount' was double and is string." in result.output


def test_a_bundle_is_deployed_with_its_model(bundle):
    result = check(bundle.parent, "--model", model(), *_ANY)
    assert result.exit_code == 0, result.output
    assert check(bundle, "--model", model(), *_ANY).exit_code == 0


def test_a_bundle_breaks_a_policy(bundle):
    result = check(bundle, "--model", model(), *_ANY, "--var", "zero=true")
    assert result.exit_code == 1, result.output
    assert "policy/no-scale-to-zero-when-latency-critical: The endpoint 'fraud' is latency-critical" in result.output


def test_what_a_deployment_refuses_is_shown_at_its_line(bundle):
    bundle.write_text(BUNDLE.replace("name: fraud\n      tags", "name: fraud/now\n      tags"))
    result = check(bundle, "--model", model(), *_ANY, "--github")

    assert result.exit_code == 1, result.output
    assert f"::error file={bundle},line=" in result.output
    assert "it was not deployed; see the deployment" in result.output


def test_consumers_want_their_endpoint(bundle):
    check(bundle, "--model", model(), *_ANY, "--write-contract", "contract.json")
    assert json.loads(Path("contract.json").read_text())["endpoint"] == "fraud"
    assert check(bundle, "--model", model(), *_ANY, "--against", "contract.json").exit_code == 0

    bundle.write_text(BUNDLE.replace("name: fraud\n      tags", "name: scoring\n      tags"))
    result = check(bundle, "--model", model(), *_ANY, "--against", "contract.json")
    assert result.exit_code == 1
    assert "contract/no-endpoint: Consumers query the endpoint 'fraud'; the bundle has scoring." in result.output


@pytest.mark.parametrize(
    ("top", "message"),
    [
        ("raise RuntimeError('no weights')", "RuntimeError: no weights"),
        ("sys.exit(0)", "SystemExit: 0"),
        ("import no_such_package", "No module named 'no_such_package'"),
    ],
)
def test_a_model_whose_code_does_not_load_exits_with_2_and_says_where(top, message):
    directory = model(top=top)
    result = check(directory, *_ANY)

    assert result.exit_code == 2, result.output
    line = next(i for i, text in enumerate((directory / "code.py").read_text().splitlines(), 1) if text == top)
    assert f"{directory / 'code.py'}:{line}: the model cannot be loaded: " in result.output
    assert message in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    ("top", "message"),
    [
        ("time.sleep(100_000)", "it is not there after 300s"),
        ("import os; os._exit(0)", "the process that loads it ends with status 0"),
        ("import os; os.abort()", "the process that loads it is ended by SIGABRT"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
    ],
)
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a model is loaded in the process of the check")
def test_a_model_that_takes_its_process_with_it_exits_with_2(top, message):
    result = check(model(top=top), *_ANY)
    assert result.exit_code == 2, result.output
    assert message in result.output


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a model is loaded in the process of the check")
def test_a_model_that_never_loads_exits_with_2():
    endless = model(top="import threading; threading.Event().wait()")
    result = check(endless, *_ANY, "--load-timeout", "500ms")
    assert result.exit_code == 2, result.output
    assert f"{endless / 'MLmodel'}: the model cannot be loaded: it is not there after 500ms" in result.output


def test_a_model_that_sleeps_a_little_on_import_takes_no_time():
    result = check(model(top="time.sleep(100)"), *_ANY, "--policy", "none")
    assert result.exit_code == 0, result.output


def test_a_model_that_goes_to_another_directory_changes_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(model(top="import os; os.chdir('/')"), tmp_path / "model")
    result = check("model", *_ANY, "--policy", "none", "--json", "report.json")
    assert result.exit_code == 0, result.output
    assert (tmp_path / "report.json").is_file()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "MLmodel describes no MLflow model: it has no flavors"),
        ("- a\n", "MLmodel describes no MLflow model: it has no flavors"),
        ("flavors:\n  a: [\n", "MLmodel:3: this is not YAML"),
        ("flavors: {sklearn: {}}\n", "has no flavor 'python_function' with a 'loader_module'"),
    ],
)
def test_a_directory_that_only_looks_like_a_model_exits_with_2(tmp_path, text, message):
    (tmp_path / "MLmodel").write_text(text)
    result = check(tmp_path, *_ANY)
    assert result.exit_code == 2, result.output
    assert message in result.output


def test_ctrl_c_is_no_answer(monkeypatch):
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Gate, "model", interrupted)
    result = check(model(), *_ANY)
    assert (result.exit_code, result.output) == (130, "")


def test_a_reader_that_goes_away_does_not_break_the_contract(monkeypatch):
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as output:
        monkeypatch.setattr(sys, "stdout", output)
        check_command._print((Verdict("a", "b", Outcome.PASSED, "c"),), github=True)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_an_answer_that_cannot_be_written_is_no_broken_contract(monkeypatch):
    with Path("/dev/full").open("w") as output:
        monkeypatch.setattr(sys, "stdout", output)
        with pytest.raises(Unusable, match="the answer cannot be written: No space left on device"):
            check_command._print((Verdict("a", "b", Outcome.PASSED, "c"),), github=False)


def test_reports_are_written_where_no_directory_is_yet():
    result = check(model(), *_ANY, "--json", "a/b/report.json")
    assert result.exit_code == 0, result.output
    assert Path("a/b/report.json").is_file()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere"], "nowhere: there is no such directory"),
        (["."], ". is neither a model's directory"),
        (["file:/nowhere/model"], "file:/nowhere/model cannot be downloaded"),
        (["nowhere.yml"], "nowhere.yml"),
        (["MODEL", "--target", "prod"], "--target is for bundles"),
        (["MODEL", "--var", "a=b"], "--var is for bundles"),
        (["MODEL", "--serving", "modle=3"], "modle"),
        (["MODEL", "--var", "a"], "'a' is not of the form name=value"),
        (["MODEL", "--scenario", "cold_strat"], "there is no scenario 'cold_strat'; did you mean 'cold_start'?"),
        (["MODEL", "--param", "sla=1s"], "'sla=1s' is not of the form scenario.name=value"),
        (["MODEL", "--param", "cold_start.sla=soon"], "sla='soon' makes no sense to cold_start"),
        (["MODEL", "--param", "cold_start.slo=1s"], "did you mean 'sla'?"),
        (["MODEL", "--param", "cold_start.times=0"], "times='0' makes no sense to cold_start"),
        (
            ["MODEL", "--param", "shadow.candidate=nowhere", "--scenario", "shadow"],
            "candidate='nowhere' is the directory",
        ),
        (["MODEL", "--param", "token_expiry.call=nowhere:score"], "No module named 'nowhere'"),
        (["MODEL", "--param", "cold_strat.sla=1s"], "there is no scenario 'cold_strat'"),
        (["MODEL", *_ANY, "--param", "cold_start.sla=1s"], "the scenario 'cold_start' is not run"),
        (["MODEL", *_ANY, "--policy", "nonsense"], "no policy is 'nonsense'"),
        (["MODEL", *_ANY, "--against", "nowhere.json"], "nowhere.json cannot be read: No such file"),
        (["MODEL", *_ANY, "--json", "/dev/null/report.json"], "/dev/null/report.json cannot be written"),
        (["MODEL", *_ANY, "--load-timeout", "soon"], "'soon' is not a duration"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_checked_exits_with_2(arguments, message):
    result = check(*[model() if one == "MODEL" else one for one in arguments])

    assert result.exit_code == 2, result.output
    assert message in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[tool.fakebricks]\nscenario = []\n", "[tool.fakebricks] has no 'scenario'"),
        ("[tool.fakebricks]\npolicies = 'all'\n", "policies is a list of texts"),
        ("[tool.fakebricks.severity]\na = 'fatal'\n", "the severity of 'a' is 'fatal'"),
        ("[tool\n", "pyproject.toml"),
        ("tool = 3\n", "pyproject.toml"),
    ],
)
def test_settings_that_make_no_sense_exit_with_2(text, message):
    Path("pyproject.toml").write_text(text)
    result = check(model(), *_ANY)

    assert result.exit_code == 2, result.output
    assert message in result.output


def test_a_bundle_that_cannot_be_read_exits_with_2_and_says_where(bundle):
    bundle.write_text(BUNDLE + "    other: [\n")
    result = check(bundle, "--model", model(), *_ANY, "--github")

    assert result.exit_code == 2, result.output
    line = len(bundle.read_text().splitlines()) + 1
    assert f"Error: {bundle}:{line}: this is not YAML" in result.output
    assert f"::error file={bundle},line={line},title=bundle/unreadable::this is not YAML" in result.output


def test_a_bundle_without_a_model_cannot_promise_one(bundle):
    assert check(bundle, "--write-contract", "contract.json").exit_code == 2
