"""The columns of the two metric tables of a monitor.

Real: names, types and order are those of a real monitor's tables (observed for time series; of the columns of
InferenceLog the names are observed). Inferred: the parts of structs that are not observed, and that drift tables have
the model's column too. Custom metrics are further columns (documented).
"""

from __future__ import annotations

from collections.abc import Iterable

from fakebricks.services.monitoring.custom_metrics import output_type
from fakebricks.services.monitoring.records import Configuration, InferenceLog
from fakebricks.services.unity_catalog.column_types import column_type
from fakebricks.services.unity_catalog.records import ColumnRecord, TableRecord

_WINDOW = "struct<start:timestamp,end:timestamp>"
_TEST = "struct<statistic:double,pvalue:double>"
_AVERAGED = "struct<one_vs_all:map<string,double>,macro:double,weighted:double>"
_AREAS = "struct<macro:double,weighted:double>"

_PROFILE = (
    ("window", _WINDOW),
    ("log_type", "string"),
    ("logging_table_commit_version", "int"),
    ("monitor_version", "bigint"),
    ("granularity", "string"),
    ("slice_key", "string"),
    ("slice_value", "string"),
    ("column_name", "string"),
    ("count", "bigint"),
    ("data_type", "string"),
    ("num_nulls", "bigint"),
    ("avg", "double"),
    ("quantiles", "array<double>"),
    ("min", "double"),
    ("max", "double"),
    ("stddev", "double"),
    ("num_zeros", "bigint"),
    ("num_nan", "bigint"),
    ("min_length", "double"),
    ("max_length", "double"),
    ("avg_length", "double"),
    ("non_null_columns", "array<string>"),
    ("frequent_items", "array<struct<item:string,count:bigint>>"),
    ("median", "double"),
    ("distinct_count", "bigint"),
    ("percent_nan", "double"),
    ("percent_null", "double"),
    ("percent_zeros", "double"),
    ("percent_distinct", "double"),
)
_CLASSIFICATION = (
    ("accuracy_score", "double"),
    ("confusion_matrix", "array<struct<prediction:string,label:string,count:bigint>>"),
    ("precision", _AVERAGED),
    ("recall", _AVERAGED),
    ("f1_score", _AVERAGED),
    ("roc_auc_score", f"struct<one_vs_one:{_AREAS},one_vs_all:{_AREAS}>"),
    ("log_loss", "double"),
    ("predictive_parity", "map<string,double>"),
    ("predictive_equality", "map<string,double>"),
    ("equal_opportunity", "map<string,double>"),
    ("statistical_parity", "map<string,double>"),
)
_REGRESSION = (
    ("mean_squared_error", "double"),
    ("root_mean_squared_error", "double"),
    ("mean_average_error", "double"),
    ("mean_absolute_percentage_error", "double"),
    ("r2_score", "double"),
)
_DRIFT = (
    ("window", _WINDOW),
    ("granularity", "string"),
    ("monitor_version", "bigint"),
    ("slice_key", "string"),
    ("slice_value", "string"),
    ("column_name", "string"),
    ("data_type", "string"),
    ("window_cmp", _WINDOW),
    ("drift_type", "string"),
    ("count_delta", "bigint"),
    ("avg_delta", "double"),
    ("percent_null_delta", "double"),
    ("percent_zeros_delta", "double"),
    ("percent_distinct_delta", "double"),
    ("non_null_columns_delta", "struct<added:int,missing:int>"),
    ("js_distance", "double"),
    ("ks_test", _TEST),
    ("wasserstein_distance", "double"),
    ("population_stability_index", "double"),
    ("chi_squared_test", _TEST),
    ("tv_distance", "double"),
    ("l_infinity_distance", "double"),
)
TAKEN = frozenset(name for name, _ in (*_PROFILE, *_CLASSIFICATION, *_REGRESSION, *_DRIFT))
"""Names that columns of models and custom metrics cannot have."""
DELTAS = tuple(name for name, _ in _DRIFT if name.endswith("_delta") and name != "non_null_columns_delta")
"""The columns of a drift table that tell by how much one of the profile has changed."""


def profile_columns(configuration: Configuration, table: TableRecord) -> tuple[ColumnRecord, ...]:
    """Those of the profile table."""
    analysis = configuration.analysis
    quality: tuple[tuple[str, str], ...] = ()
    if isinstance(analysis, InferenceLog):
        quality = _CLASSIFICATION if analysis.problem_type == "CLASSIFICATION" else _REGRESSION
    return _columns(_PROFILE, _model(configuration, table), quality, _custom(configuration, "AGGREGATE", "DERIVED"))


def drift_columns(configuration: Configuration, table: TableRecord) -> tuple[ColumnRecord, ...]:
    """Those of the drift table."""
    return _columns(_DRIFT, _model(configuration, table), _custom(configuration, "DRIFT"))


def _model(configuration: Configuration, table: TableRecord) -> tuple[tuple[str, str], ...]:
    """The column of a model's id, which has its own name and type."""
    analysis = configuration.analysis
    if not isinstance(analysis, InferenceLog):
        return ()
    return tuple((one.name, one.type_text) for one in table.columns if one.name == analysis.model_id_col)


def _custom(configuration: Configuration, *types: str) -> tuple[tuple[str, str], ...]:
    chosen = (metric for metric in configuration.custom_metrics if metric.type in types)
    return tuple((metric.name, output_type(metric.name, metric.output_data_type)) for metric in chosen)


def _columns(*parts: Iterable[tuple[str, str]]) -> tuple[ColumnRecord, ...]:
    columns = [(name, column_type(text)) for part in parts for name, text in part]
    return tuple(ColumnRecord(name=name, type_name=found.name, type_text=found.text) for name, found in columns)
