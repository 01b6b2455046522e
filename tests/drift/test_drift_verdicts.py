"""The verdict on each library: what counts more, what is said without a rule, and the form of the rules."""

from __future__ import annotations

from dataclasses import replace

import pytest
from drift_matrix import contents as matrix_contents
from packaging.specifiers import SpecifierSet

from fakebricks.drift.contents import Contents, Held, ModelFile, Trait, UnreadableFile
from fakebricks.drift.rules import matches_any, rules, within
from fakebricks.drift.verdicts import LibraryVerdict, judge

PICKLE = ModelFile("model.pkl", "pickle", names={"shop.models.Basket": 11}, held=(Held("shop.models.Basket", 11),))
BY_VALUE = ModelFile(
    "python_model.pkl",
    "pickle",
    names={"cloudpickle.cloudpickle._make_function": 11, "cloudpickle.cloudpickle._builtin_type": 60},
    by_value=("predict",),
    called=frozenset({"pandas", "DataFrame"}),
)


def _judged(file: ModelFile | Contents, trained: str, onto: str, **more: object) -> dict[str, LibraryVerdict]:
    """Verdicts by library, for environments that are written as `numpy 1.26.4, python 3.11.7`."""
    contents = file if isinstance(file, Contents) else Contents((file,))
    before, after = _environment(trained), _environment(onto)
    pythons = {"trained_python": before.pop("python", "3.11.7"), "onto_python": after.pop("python", "3.11.7")}
    verdicts = judge(contents, before, after, **pythons, **more)
    return {one.library: one for one in verdicts}


def _environment(text: str) -> dict[str, str]:
    return dict(pair.split(" ") for pair in text.split(", ") if pair)


@pytest.mark.parametrize(
    ("trained", "onto", "verdict", "rule"),
    [
        ("shop 1.2.0", "shop 1.2.0", "same", "SAME-VERSION"),
        ("shop 1.2", "shop 1.2.0", "same", "SAME-VERSION"),
        ("shop 1.2.0", "shop 1.2.9", "compatible", "PATCH-RELEASE"),
        ("shop 1.2.0", "shop 1.3.0", "risky", "MINOR-RELEASE"),
        ("shop 1.2.0", "shop 2.0.0", "risky", "MAJOR-RELEASE"),
        ("shop 1.2.0", "", "risky", "NOT-KNOWN"),
        ("", "shop 1.2.0", "risky", "NOT-KNOWN"),
        ("shop 1.2.0", "shop main", "risky", "NO-VERSION"),
        ("shop main", "shop main", "same", "SAME-VERSION"),
    ],
)
def test_a_library_without_a_rule(trained, onto, verdict, rule):
    shop = _judged(PICKLE, trained, onto)["shop"]
    assert (shop.verdict, shop.rule) == (verdict, rule)
    assert shop.explanation


def test_what_is_needed_and_not_installed_is_missing_where_all_is_listed():
    shop = _judged(PICKLE, "shop 1.2.0", "numpy 2.1.0", complete=True)["shop"]
    assert (shop.verdict, shop.outcome, shop.message) == ("breaking", "load_error", "No module named 'shop'")
    learnt = _judged(_estimator("sklearn.svm._classes.SVC"), "", "numpy 2.1.0", complete=True)["scikit-learn"]
    assert learnt.message == "No module named 'sklearn'"


@pytest.mark.parametrize("onto", ["shop 1.2.0, tea 9.0", "shop 1.2.0"])
def test_a_library_that_the_files_hold_nothing_of_may_change(onto):
    tea = _judged(PICKLE, "shop 1.2.0, tea 1.0", onto)["tea"]
    assert (tea.verdict, tea.rule) == ("compatible", "NOT-HELD")


@pytest.mark.parametrize("contents", [Contents(), Contents((PICKLE,), (UnreadableFile("a.pkl", "it is empty"),))])
def test_where_it_is_not_known_what_is_held_any_library_may_be(contents):
    assert _judged(contents, "tea 1.0", "tea 9.0")["tea"].verdict == "risky"


def test_a_library_that_code_in_the_files_calls_is_judged_by_its_version():
    trained = "pandas 1.5.3, numpy 1.26.4, cloudpickle 3.0.0"
    minor = _judged(BY_VALUE, trained, "pandas 1.4.4, numpy 2.1.0, cloudpickle 3.0.0")
    assert (minor["pandas"].verdict, minor["pandas"].rule) == ("compatible", "CALLED")
    assert minor["numpy"].rule == "NOT-HELD"
    major = _judged(BY_VALUE, trained, "pandas 2.2.3, numpy 1.26.4, cloudpickle 3.0.0")
    assert (major["pandas"].verdict, major["pandas"].rule) == ("risky", "MAJOR-RELEASE")


def test_libraries_of_the_serving_environment_alone_are_not_told():
    assert set(_judged(PICKLE, "shop 1.2.0", "shop 1.2.0, tea 9.0")) == {"shop", "python"}


@pytest.mark.parametrize(
    ("trained", "onto", "verdict", "outcome"),
    [
        ("3.11.7", "3.11.9", "compatible", "ok"),
        ("3.11", "3.11.9", "same", "ok"),
        ("3.10.12", "3.11.7", "breaking", "load_error"),
        ("3.11.7", "3.12.3", "breaking", "crash"),
        ("3.12.3", "3.11.7", "breaking", "crash"),
        ("3.12.3", "3.10.12", "breaking", "load_error"),
        ("3.12.3", "3.13.0", "risky", "unknown"),
    ],
)
def test_code_by_value_is_bound_to_its_python(trained, onto, verdict, outcome):
    by_value = _judged(BY_VALUE, f"python {trained}", f"python {onto}")["python"]
    assert (by_value.verdict, by_value.outcome) == (verdict, outcome)
    assert _judged(PICKLE, f"python {trained}", f"python {onto}")["python"].verdict in {"same", "compatible"}


def _estimator(class_name: str, **traits: str) -> Contents:
    traits = {"_sklearn_version": "'1.4.2'", **traits}
    held = Held(class_name, 11, {name: Trait(text, 20 + i) for i, (name, text) in enumerate(traits.items())}, end=99)
    return Contents((ModelFile("model.pkl", "pickle", held=(held,), names={class_name: 11}),))


def test_what_the_files_tell_counts_more_than_what_was_declared():
    told = _estimator("sklearn.svm._classes.SVC")
    told = Contents((replace(told.files[0], told={"scikit-learn": "1.4.2"}),))
    assert _judged(told, "scikit-learn 1.3.0", "scikit-learn 1.4.2")["scikit-learn"].verdict == "same"


def test_a_warning_is_compatible_where_measured_and_risky_where_not():
    measured, other = _estimator("sklearn.svm._classes.SVC"), _estimator("sklearn.cross_decomposition._pls.CCA")
    versions = ("scikit-learn 1.4.2", "scikit-learn 1.5.2")
    assert _judged(measured, *versions)["scikit-learn"].verdict == "compatible"
    assert _judged(other, *versions)["scikit-learn"].verdict == "risky"
    later = _judged(measured, "scikit-learn 1.4.2", "scikit-learn 99.0")["scikit-learn"]
    assert (later.verdict, later.rule, later.provenance) == ("risky", "SK-UNSUPPORTED", "documented")
    assert later.message.startswith("Trying to unpickle estimator SVC from version 1.4.2 when using version 99.0.")


def test_a_difference_in_the_last_bits_does_not_hide_what_is_not_known():
    both = _estimator("sklearn.decomposition._pca.PCA")
    other = Held("sklearn.cross_decomposition._pls.CCA", 200, {"_sklearn_version": Trait("'1.4.2'", 210)}, end=300)
    both = Contents((replace(both.files[0], held=(*both.files[0].held, other)),))
    assert _judged(both, "scikit-learn 1.4.2", "scikit-learn 1.5.2")["scikit-learn"].verdict == "risky"


def test_a_silent_change_is_breaking():
    logistic = _estimator(
        "sklearn.linear_model._logistic.LogisticRegression", coef_="ndarray(1, 3)", multi_class="'deprecated'"
    )
    verdict = _judged(logistic, "scikit-learn 1.5.2", "scikit-learn 1.4.2")["scikit-learn"]
    assert (verdict.verdict, verdict.outcome, verdict.message) == ("breaking", "silent_change", "")
    assert verdict.affected == ("sklearn.linear_model._logistic.LogisticRegression",)


@pytest.mark.parametrize("multi_class", ["'ovr'", "'multinomial'"])
def test_a_multi_class_that_both_versions_know_changes_nothing(multi_class):
    logistic = _estimator(
        "sklearn.linear_model._logistic.LogisticRegression", coef_="ndarray(1, 3)", multi_class=multi_class
    )
    assert _judged(logistic, "scikit-learn 1.5.2", "scikit-learn 1.4.2")["scikit-learn"].outcome == "warn_only"


def test_samme_is_not_changed_by_its_becoming_the_only_one():
    boosted = _estimator("sklearn.ensemble._weight_boosting.AdaBoostClassifier", algorithm="'SAMME'")
    assert _judged(boosted, "scikit-learn 1.5.2", "scikit-learn 1.6.1")["scikit-learn"].outcome == "warn_only"


def test_what_is_measured_in_pickles_is_inferred_for_skops():
    pickled = _estimator("sklearn.feature_extraction.text.TfidfTransformer", idf_="ndarray(3)")
    kept_otherwise = Contents((replace(pickled.files[0], format="skops"),))
    for contents, provenance in ((pickled, "measured"), (kept_otherwise, "inferred")):
        verdict = _judged(contents, "scikit-learn 1.5.2", "scikit-learn 1.4.2")["scikit-learn"]
        assert (verdict.outcome, verdict.provenance) == ("predict_error", provenance)


def test_of_two_libraries_that_fail_the_one_stands_first_at_which_reading_stops():
    """A regressor's loss stands before its first array, a classifier's classes before its loss."""
    environments = ("scikit-learn 1.6.1, numpy 2.1.3", "scikit-learn 1.4.2, numpy 1.23.5")
    for model, first in (("gbr", "scikit-learn"), ("gbc", "numpy")):
        verdicts = list(_judged(matrix_contents()["rt17.3", model], *environments).values())
        assert next(one.library for one in verdicts if one.verdict == "breaking") == first
        assert {one.library for one in verdicts if one.verdict == "breaking"} == {"scikit-learn", "numpy"}
        assert verdicts[0].library == first


def test_a_whole_model_of_torch_is_refused_since_2_6_and_its_weights_are_not():
    weights = {"torch._utils._rebuild_tensor_v2": 5, "collections.OrderedDict": 3, "torch.FloatStorage": 8}
    whole = {**weights, "shop.nets.Net": 1}
    for names, verdict in ((whole, "breaking"), (weights, "compatible")):
        file = ModelFile("model.pth", "torch", names=names)
        assert _judged(file, "torch 2.3.1, shop 1.0", "torch 2.6.0, shop 1.0")["torch"].verdict == verdict


@pytest.mark.parametrize(
    ("trained", "onto", "verdict", "rule"),
    [
        ("3.1.1", "3.0.0", "breaking", "XGB-3.1-BACK"),
        ("2.0.3", "3.0.0", "compatible", "XGB-FILE-FORWARD"),
        ("3.2.0", "4.0.0", "compatible", "XGB-FILE-PROMISED"),
        ("4.1.0", "4.0.0", "risky", "XGB-FILE"),
    ],
)
def test_files_of_xgboost_are_promised_forward_only(trained, onto, verdict, rule):
    found = _judged(ModelFile("model.ubj", "xgboost ubj"), f"xgboost {trained}", f"xgboost {onto}")["xgboost"]
    assert (found.verdict, found.rule) == (verdict, rule)


def test_a_python_model_outlives_versions_of_mlflow():
    names = {"mlflow.pyfunc.model.PythonModel": 87, **BY_VALUE.names}
    model = replace(BY_VALUE, names=names)
    assert _judged(model, "mlflow 2.13.0", "mlflow 3.17.2")["mlflow"].verdict == "compatible"
    assert _judged(model, "mlflow 1.30.0", "mlflow 3.17.2")["mlflow"].verdict == "risky"


# The rules' own form.


def test_the_ids_of_rules_are_their_own():
    ids = [rule.id for rule in rules()]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.id)
def test_a_rule_is_whole(rule):
    assert rule.library in rule.trained
    assert rule.library in rule.serving
    for ranges in (rule.trained, rule.serving):
        assert all(SpecifierSet(text) is not None for text in ranges.values())
    assert rule.explanation.endswith(".")
    assert bool(rule.message) or rule.outcome not in {"load_error", "predict_error"}
    assert rule.source.startswith("https://") or rule.provenance in {"measured", "inferred"}
    affects = rule.affects
    assert affects.objects or affects.names or affects.names_beyond or affects.formats or affects.by_value


def test_patterns_match_whole_texts():
    assert matches_any("ndarray(1, 3)", ("ndarray(1, *)",))
    assert not matches_any("ndarray(11, 3)", ("ndarray(1, *)",))
    assert not matches_any("xsklearn.tree", ("sklearn.*",))
    assert not matches_any("a.b", ())


def test_what_is_not_known_is_within_no_range():
    assert within({"numpy": ">=1"}, {"numpy": "1.26.4"})
    assert not within({"numpy": ">=1"}, {})
    assert not within({"numpy": ">=1"}, {"numpy": "unknown"})
    assert within({"numpy": ">=1"}, {"numpy": "2.0.0rc1"})
