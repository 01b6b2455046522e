"""A search that uses indexes finds what a search that looks at every run finds, whatever was logged and searched."""

from __future__ import annotations

import contextlib
import math
from unittest.mock import patch

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from fakebricks.ids import Ids
from fakebricks.services.tracking import run_index
from fakebricks.services.tracking.experiments import Experiments
from fakebricks.services.tracking.logged_models import LoggedModels
from fakebricks.services.tracking.metrics import Metrics
from fakebricks.services.tracking.records import Indexed, Metric
from fakebricks.services.tracking.run_data import RunData
from fakebricks.services.tracking.runs import Runs
from fakebricks.services.tracking.search import RunSearch
from fakebricks.services.workspace.directories import Directories
from fakebricks.state import MemoryState
from fakebricks.wire.authentication import Caller
from fakebricks.wire.errors import DatabricksError

KEYS = st.sampled_from(["a", "b"])
WORDS = st.sampled_from(["", "x", "y", "xy"])
VALUES = st.sampled_from([-math.inf, -1.5, -0.0, 0.0, 0.5, 1.0, math.inf, math.nan])
NUMBERS = st.sampled_from(["-1.5", "0", "-0.0", "0.5", "1", "2.5", "1e999"])
COMPARATORS = st.sampled_from(["=", "!=", "<", "<=", ">", ">="])
STATUSES = st.sampled_from(["RUNNING", "FINISHED"])
OF_MANY = st.integers(0, 1000)

CLAUSES = st.one_of(
    st.builds("metrics.{} {} {}".format, KEYS, COMPARATORS, NUMBERS),
    st.builds("attributes.{} {} {}".format, st.sampled_from(["start_time", "end_time"]), COMPARATORS, NUMBERS),
    st.builds("params.{} {} '{}'".format, KEYS, st.sampled_from(["=", "=", "!=", "LIKE"]), WORDS),
    st.builds("tags.{} {} '{}'".format, KEYS, st.sampled_from(["=", "=", "!=", "LIKE"]), WORDS),
    st.builds("{}.{} IS {}".format, st.sampled_from(["params", "tags"]), KEYS, st.sampled_from(["NULL", "NOT NULL"])),
    st.builds("status = '{}'".format, STATUSES),
    st.builds("run_name = '{}'".format, WORDS),
)
FILTERS = st.lists(CLAUSES, max_size=3).map(" AND ".join)
FIELDS = st.one_of(
    st.builds("{}.{}".format, st.sampled_from(["metrics", "params", "tags"]), KEYS),
    st.sampled_from(["start_time", "end_time", "status", "run_name", "run_id", "user_id"]),
)
ORDERED = st.lists(st.tuples(FIELDS, st.sampled_from(["ASC", "DESC"])), max_size=3, unique_by=lambda one: one[0])
ORDERS = ORDERED.map(lambda ordered: [" ".join(one) for one in ordered])
QUESTIONS = st.fixed_dictionaries(
    {
        "filter_string": FILTERS,
        "order_by": ORDERS,
        "run_view_type": st.sampled_from(["ACTIVE_ONLY", "ALL", "DELETED_ONLY"]),
    }
)


class IndexedAndScanned(RuleBasedStateMachine):
    @initialize()
    def begin(self) -> None:
        self.state = MemoryState()
        ids = Ids(0)
        self.experiments = Experiments(self.state, ids, Directories(self.state, ids))
        self.runs = Runs(self.state, ids, self.experiments)
        models = LoggedModels(self.state, ids, self.experiments, self.runs)
        self.data = RunData(self.state, self.runs, models, Metrics(self.state))
        caller = Caller("1", "jane", "", "Jane")
        self.experiment_ids = [
            self.experiments.create(f"/{name}", None, [], caller, 0).experiment_id for name in ("one", "two")
        ]
        self.run_ids = [self.runs.create(self.experiment_ids[0], "x", "jane", 0, []).run_id]
        self.snapshot = self.state.snapshot()

    def run_id(self, number: int) -> str:
        return self.run_ids[number % len(self.run_ids)]

    def attempt(self, function, *arguments) -> None:
        with contextlib.suppress(DatabricksError), self.state.transaction():
            function(*arguments)

    @rule(
        experiment=st.integers(0, 1),
        start_time=st.integers(-1, 2),
        name=WORDS,
        tags=st.lists(st.tuples(KEYS, WORDS), max_size=2),
        number=st.integers(1, 5),
    )
    def create(self, experiment, start_time, name, tags, number) -> None:
        for _ in range(number):
            with contextlib.suppress(DatabricksError), self.state.transaction():
                run = self.runs.create(self.experiment_ids[experiment], name, "jane", start_time, tags)
                self.run_ids.append(run.run_id)

    @rule(numbers=st.lists(OF_MANY), key=KEYS, value=VALUES, step=st.integers(0, 2))
    def log_metric(self, numbers, key, value, step) -> None:
        for number in numbers:
            run_id = self.run_id(number)
            point = Metric(key=key, value=value, timestamp=0, step=step, run_id=run_id)
            self.attempt(self.data.log_batch, run_id, [point], [], [])

    @rule(numbers=st.lists(OF_MANY), key=KEYS, value=WORDS)
    def log_param(self, numbers, key, value) -> None:
        for number in numbers:
            self.attempt(self.data.log_param, self.run_id(number), key, value)

    @rule(numbers=st.lists(OF_MANY), key=st.sampled_from(["a", "b", "mlflow.runName"]), value=WORDS)
    def set_tag(self, numbers, key, value) -> None:
        for number in numbers:
            self.attempt(self.runs.set_tag, self.run_id(number), key, value)

    @rule(number=OF_MANY, key=KEYS)
    def delete_tag(self, number, key) -> None:
        self.attempt(self.runs.delete_tag, self.run_id(number), key)

    @rule(numbers=st.lists(OF_MANY), status=STATUSES, end_time=st.none() | st.integers(0, 2), name=st.none() | WORDS)
    def update(self, numbers, status, end_time, name) -> None:
        for number in numbers:
            self.attempt(self.runs.update, self.run_id(number), status, end_time, name)

    @rule(number=OF_MANY)
    def delete(self, number) -> None:
        self.attempt(self.runs.delete, self.run_id(number), 1)

    @rule(number=OF_MANY)
    def restore(self, number) -> None:
        self.attempt(self.runs.restore, self.run_id(number))

    @rule(experiment=st.integers(0, 1))
    def delete_or_restore_experiment(self, experiment) -> None:
        experiment_id = self.experiment_ids[experiment]
        deleted = self.experiments.get(experiment_id).lifecycle_stage == "deleted"
        self.attempt(self.experiments.restore if deleted else self.experiments.delete, experiment_id, 1)

    @rule()
    def save(self) -> None:
        self.snapshot = self.state.snapshot()

    @rule()
    def go_back(self) -> None:
        self.state.restore(self.snapshot)
        self.run_ids = [run_id for run_id in self.run_ids if self.runs.find(run_id)]

    @rule(
        experiments=st.lists(st.integers(0, 1), min_size=1, max_size=2),
        question=QUESTIONS,
        few=st.integers(0, 3),
        max_results=st.integers(1, 4),
    )
    def search(self, experiments, question, few, max_results) -> None:
        question = {"experiment_ids": [self.experiment_ids[one] for one in experiments], **question}
        before = self.state.snapshot()
        with self.state.transaction(), patch.object(run_index, "_GROUP", 2):
            found = _found(RunSearch(self.runs, self.data, few), question, max_results)
        after = self.state.snapshot()
        # Without the indexes that were made, every run is looked at.
        self.state.restore(before)
        indexed = self.state.table("indexed_runs", Indexed)
        for key, _ in indexed.scan():
            indexed.delete(key)
        wanted = _found(RunSearch(self.runs, self.data, 10_000), question, 5000)
        self.state.restore(after)
        assert found == wanted


def _found(search, question, max_results):
    found, token = [], None
    while True:
        page, token = search.search(**question, max_results=max_results, page_token=token)
        found += [run.run_id for run in page]
        if token is None:
            return found


TestIndexedAndScanned = IndexedAndScanned.TestCase
TestIndexedAndScanned.settings = settings(stateful_step_count=30)


def test_a_search_of_many_looks_at_few():
    machine = IndexedAndScanned()
    machine.begin()
    experiment_id = machine.experiment_ids[1]
    for number in range(3000):
        run_id = machine.runs.create(experiment_id, "", "jane", number, []).run_id
        point = Metric(key="a", value=number / 3000, timestamp=0, step=0, run_id=run_id)
        machine.data.log_batch(run_id, [point], [("b", str(number % 2))], [])
    search = RunSearch(machine.runs, machine.data)
    asked = {
        "experiment_ids": [experiment_id],
        "filter_string": "metrics.a > 0.1 AND params.b = '0'",
        "run_view_type": "ACTIVE_ONLY",
        "max_results": 10,
        "order_by": ["metrics.a DESC"],
        "page_token": None,
    }
    search.search(**asked)
    with patch.object(machine.data, "metric", wraps=machine.data.metric) as looked_at:
        page, _ = search.search(**asked)
    assert [run.start_time for run in page] == list(range(2998, 2978, -2))
    assert looked_at.call_count < 100
