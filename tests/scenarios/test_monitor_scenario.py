"""The scenario about monitors: what it shows, and what it cannot be asked. Its rules are in `test_pairs`."""

from __future__ import annotations

import pytest
from scenario_fixtures import model
from scenario_pairs import World

from fakebricks.contracts.findings import Outcome
from fakebricks.contracts.parameters import ParameterError

pytest.importorskip("pysail")
from pairs_of_monitors import monitored_table


@pytest.fixture
def monitored(contract_workspace, deploy_once, judge, tmp_path):
    return monitored_table(World(contract_workspace, deploy_once, judge, None, tmp_path), "shown", 50)


def test_the_shift_is_plotted(judge, monitored):
    verdict = judge("monitor_detects_shift", **monitored)
    assert verdict.outcome is Outcome.PASSED
    ((series,),) = (one.series for one in verdict.evidence)
    distances = [distance for _, distance in series.points]
    assert max(distances) == distances[-1] > 0.5  # the day that shifts is the last, and far from the others

    for column, message in [("amout", "has no column 'amout'; it has ts, amount"), ("ts", "'ts' .* has no numbers")]:
        with pytest.raises(ParameterError, match=message):
            judge("monitor_detects_shift", **{**monitored, "column": column})


def test_without_a_monitor(judge):
    verdict = judge("monitor_detects_shift")
    assert verdict.outcome is Outcome.NOT_APPLICABLE
    assert "--param monitor_detects_shift.table=catalog.schema.table" in verdict.summary
    with pytest.raises(ParameterError, match=r"table='main.default.nope' has no monitor: .*does not exist"):
        judge("monitor_detects_shift", model(), table="main.default.nope", column="amount")
