"""Random filters and orders of MLflow's search language."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

# Of 2 and 3 alike: what MLflow 3 adds has tests of its own.
WORDS = st.sampled_from(["a", "A", "ab", "aB", "x_y", "xay", "", "é"])
KEYS = st.sampled_from(["k", "a b", "mlflow.x"])
PATTERNS = st.sampled_from(["a", "%", "a%", "%a", "%b%", "_", "a_", "A", "x_y", "a%%b", ""])


@st.composite
def filters(draw: st.DrawFn) -> str:
    """Of runs."""
    return draw(st.sampled_from([" and ", " AND ", "  And "])).join(draw(st.lists(clauses(), min_size=1, max_size=2)))


@st.composite
def clauses(draw: st.DrawFn) -> str:
    kind = draw(st.sampled_from(["metric", "text", "attribute", "time", "dataset", "id"]))
    space = draw(st.sampled_from(["", " "]))
    if kind == "metric":
        name = f"{draw(st.sampled_from(['metrics', 'metric']))}.{draw(quoted_keys())}"
        return f"{name}{space}{draw(comparators())}{space}{draw(numbers())}"
    if kind == "text":
        prefix = draw(st.sampled_from(["params", "param", "parameter", "tags", "tag"]))
        return f"{prefix}.{draw(quoted_keys())}{draw(texts())}"
    if kind == "attribute":
        prefix = draw(st.sampled_from(["", "attributes.", "attr.", "run.", "attribute."]))
        key = draw(st.sampled_from(["status", "user_id", "run_name", "artifact_uri", '"run name"', "`Run Name`"]))
        return f"{prefix}{key}{draw(texts())}"
    if kind == "time":
        key = draw(st.sampled_from(["start_time", "end_time", "created"]))
        return f"attributes.{key}{space}{draw(comparators())}{space}{draw(st.sampled_from(['0', '1', '2', '5']))}"
    if kind == "dataset":
        key = draw(st.sampled_from(["name", "digest", "context"]))
        return f"{draw(st.sampled_from(['dataset', 'datasets']))}.{key}{draw(texts())}"
    listed = ", ".join(f"'{one}'" for one in draw(st.lists(st.sampled_from(["r0", "r1", "zz"]), min_size=1)))
    return f"attributes.run_id {draw(st.sampled_from(['IN', 'NOT IN', 'in']))} ({listed})"


@st.composite
def quoted_keys(draw: st.DrawFn, quotes: tuple[str, ...] = ("``", '""')) -> str:
    key = draw(KEYS)
    bare = key.replace(".", "").isalnum()
    quote = draw(st.sampled_from((*quotes, "") if bare else quotes))
    return f"{quote[:1]}{key}{quote[1:]}"


@st.composite
def texts(draw: st.DrawFn, quotes: str = "'\"", likes: tuple[str, ...] = ("LIKE", "ILIKE", "like", "iLike")) -> str:
    """A comparator and a quoted text."""
    quote = draw(st.sampled_from(quotes))
    if draw(st.booleans()):
        return f" {draw(st.sampled_from(likes))} {quote}{draw(PATTERNS)}{quote}"
    words = st.one_of(WORDS, st.sampled_from(["RUNNING", "FINISHED", "u1"]))
    return f" {draw(st.sampled_from(['=', '!=']))} {quote}{draw(words)}{quote}"


def comparators() -> st.SearchStrategy[str]:
    return st.sampled_from(["=", "!=", "<", "<=", ">", ">="])


def numbers() -> st.SearchStrategy[str]:
    return st.sampled_from(["0", "1", "-1", "0.5", "1.0", "1e30", "2.", ".5"])


@st.composite
def orders(draw: st.DrawFn) -> str:
    """Of runs."""
    name = draw(
        st.one_of(
            st.tuples(st.sampled_from(["metrics", "params", "tags"]), quoted_keys()).map(".".join),
            st.sampled_from(
                ["start_time", "attributes.end_time", "attributes.status", "run_id", "attributes.created", "run_name"]
            ),
        )
    )
    return name + draw(directions())


def directions() -> st.SearchStrategy[str]:
    return st.sampled_from(["", " ASC", " DESC", " desc", " asc"])


@st.composite
def experiment_filters(draw: st.DrawFn) -> str:
    """Of experiments."""
    kind = draw(st.sampled_from(["name", "tag", "time"]))
    if kind == "name":
        pattern = draw(st.sampled_from(["/Shared/%", "/Shared/e1", "%E1%", "%2"]))
        prefix = draw(st.sampled_from(["", "attribute."]))
        return f"{prefix}name {draw(st.sampled_from(['LIKE', 'ILIKE', '=', '!=']))} '{pattern}'"
    if kind == "tag":
        text = draw(texts(likes=("LIKE", "ILIKE")))
        return f"{draw(st.sampled_from(['tag', 'tags']))}.{draw(quoted_keys())}{text}"
    key = draw(st.sampled_from(["creation_time", "last_update_time"]))
    return f"{key} {draw(comparators())} {draw(st.sampled_from(['0', '1700000000005', '1.5']))}"


@st.composite
def experiment_orders(draw: st.DrawFn) -> str:
    """Of experiments; not by id, which is a number of its own on either side."""
    name = draw(st.sampled_from(["name", "creation_time", "last_update_time", "attribute.name"]))
    return name + draw(directions())


@st.composite
def model_filters(draw: st.DrawFn) -> str:
    """Of logged models."""
    kind = draw(st.sampled_from(["attribute", "tag", "param", "metric"]))
    if kind == "metric":
        return f"metrics.k {draw(comparators())} {draw(numbers())}"
    text = draw(texts(quotes="'"))
    if kind == "attribute":
        prefix = draw(st.sampled_from(["", "attributes."]))
        return f"{prefix}{draw(st.sampled_from(['name', 'model_type', 'source_run_id']))}{text}"
    return f"{kind}s.{draw(quoted_keys(quotes=('``',)))}{text}"


@st.composite
def model_orders(draw: st.DrawFn) -> dict[str, Any]:
    """Of logged models."""
    name = draw(st.sampled_from(["name", "creation_timestamp", "last_updated_timestamp", "metrics.k", "model_id"]))
    return {"field_name": name, "ascending": draw(st.booleans())}
