"""What the files of a bundle say, and what is wrong with them before anything is deployed."""

from __future__ import annotations

from itertools import pairwise

import pytest
from bundles_on_disk import EXAMPLE, changed, copied, written

from fakebricks.contracts.bundles import BundleError, load_bundle
from fakebricks.contracts.bundles.reading import read
from fakebricks.contracts.findings import Severity


def said(bundle, kind, key):
    return next(one for one in bundle.of_kind(kind) if one.key == key).node.plain()


class TestYaml:
    @pytest.mark.parametrize(
        ("text", "value"),
        [
            ("a: yes", "yes"),
            ("a: on", "on"),
            ("a: true", True),
            ("a: '1'", "1"),
            ("a: 1", 1),
            ("a: 0x1f", 31),
            ("a: 1.5e3", 1500.0),
            ("a: 1e3", 1000.0),
            ("a: 2024-01-31", "2024-01-31"),
            ("a: 1:30", "1:30"),
            ("a: ~", None),
            ("a:", None),
            ("a: ''", ""),
            ("a: !!str 5", "5"),
            ("a: 12345678901234567890", 12345678901234567890.0),
            ("b: &x {c: 1}\na: *x", {"c": 1}),
            ("b: &x {c: 1, d: 2}\na:\n  <<: *x\n  d: 3", {"c": 1, "d": 3}),
            ("b: &x {c: 1}\ne: &y {c: 2, f: 3}\na:\n  <<: [*x, *y]", {"c": 1, "f": 3}),
        ],
    )
    def test_scalars_are_read_as_yaml_1_2_has_them(self, tmp_path, text, value):
        found = read(written(tmp_path, text)).plain()["a"]
        assert (found, type(found)) == (value, type(value))

    def test_every_value_knows_its_line(self, tmp_path):
        root = written(tmp_path, "a: 1\nb:\n  - c: 2\n    d: |\n      text\n  - e\n")
        node = read(root)
        assert [node.at(*path).place.line for path in [("a",), ("b", 0, "c"), ("b", 0, "d"), ("b", 1)]] == [1, 3, 4, 6]

    @pytest.mark.parametrize(
        ("text", "line", "told"),
        [
            ("a: [1", 1, "not YAML"),
            ("a: 1\n b: 2", 2, "not YAML"),
            ("a: \x07", None, "not YAML"),
            ("a: 1\na: 2", 2, "the key 'a' was said before, at line 1"),
            ("a: 1\n---\nb: 2", 2, "not YAML"),
            ("a: &x [*x]", 1, "an alias that contains itself"),
            ("a: !!python/object:os.system x", 1, "none of a bundle's"),
            ("a: !mine {}", 1, "none of a bundle's"),
            ("a: .inf", 1, "no number that JSON can hold"),
            ("a: 1e999", 1, "no number that JSON can hold"),
            ("? [a]\n: 1", 1, "a key must be a text"),
            ("<<: 1", 1, "a merge key takes mappings"),
            ("a: " + "[" * 100 + "]" * 100, 1, "levels deep"),
            ("a: " + "[" * 600 + "]" * 600, None, "nested too deeply"),
            (
                "a: &a [x,x,x,x,x,x,x,x,x]\n"
                + "".join(
                    f"{b}: &{b} [{','.join([f'*{a}'] * 9)}]\n" for a, b in zip("abcdefg", "bcdefgh", strict=True)
                ),
                None,
                "its aliases make more than",
            ),
        ],
    )
    def test_what_no_bundle_may_be_is_said_with_its_line(self, tmp_path, text, line, told):
        root = written(tmp_path, text)
        with pytest.raises(BundleError, match=told) as raised:
            read(root)
        assert raised.value.place.file == str(root)
        assert line is None or abs(raised.value.place.line - line) <= 1

    def test_what_cannot_be_read_is_said(self, tmp_path):
        with pytest.raises(BundleError, match="No such file"):
            load_bundle(tmp_path / "nope.yml")
        with pytest.raises(BundleError, match=r"there is no databricks\.yml here"):
            load_bundle(tmp_path)
        (tmp_path / "databricks.yml").write_bytes(b"\xff\xfe\x00")
        with pytest.raises(BundleError, match="UTF-8"):
            load_bundle(tmp_path)
        with pytest.raises(BundleError):
            load_bundle("nul\0l")


SMALL = """\
    bundle: {name: small}
    variables:
      catalog: {default: main}
      size: {type: complex, default: {workload_size: Small, deep: [1, {x: "${var.catalog}"}]}}
      asked: {description: must be given}
    targets:
      dev: {variables: {asked: d}}
      prod:
        default: true
        variables: {asked: {default: p}, catalog: prod}
    resources:
      schemas:
        s: {catalog_name: "${var.catalog}", name: ml, comment: "${bundle.target} ${workspace.current_user.short_name}"}
      volumes:
        v: {catalog_name: "${var.catalog}", schema_name: ml, name: v, comment: "${var.asked} ${var.size.deep[1].x}"}
"""


class TestValues:
    def test_variables_come_from_the_caller_the_environment_the_target_and_the_bundle(self, tmp_path, monkeypatch):
        root = written(tmp_path, SMALL)
        assert said(load_bundle(root), "volumes", "v")["comment"] == "p prod"
        assert said(load_bundle(root, "dev"), "volumes", "v")["comment"] == "d main"
        monkeypatch.setenv("BUNDLE_VAR_asked", "e")
        assert said(load_bundle(root), "volumes", "v")["comment"] == "e prod"
        assert said(load_bundle(root, variables={"asked": "c"}), "volumes", "v")["comment"] == "c prod"
        assert said(load_bundle(root, user="Sam.Lee@acme.test"), "schemas", "s")["comment"] == "prod sam_lee"

    def test_the_default_of_a_target_replaces_that_of_a_complex_variable(self):
        sizes = {
            target: said(load_bundle(EXAMPLE, target), "model_serving_endpoints", "fraud_endpoint")["config"][
                "served_entities"
            ][0]["scale_to_zero_enabled"]
            for target in ("dev", "prod")
        }
        assert sizes == {"dev": True, "prod": False}

    def test_mappings_are_merged_lists_joined_and_tasks_merged_by_key(self, tmp_path):
        root = written(
            tmp_path,
            """\
            bundle: {name: b}
            resources:
              jobs:
                j:
                  name: j
                  tags: {a: "1", b: "1"}
                  tasks: [{task_key: t, timeout_seconds: 1, max_retries: 1}, {task_key: u}]
              registered_models:
                m: {catalog_name: main, schema_name: default, name: m, grants: [{principal: a, privileges: [EXECUTE]}]}
            targets:
              t:
                resources:
                  jobs: {j: {tags: {b: 2}, tasks: [{task_key: t, timeout_seconds: 9}]}}
                  registered_models: {m: {grants: [{principal: b, privileges: [EXECUTE]}]}}
            """,
        )
        bundle = load_bundle(root)
        job = said(bundle, "jobs", "j")
        assert job["tags"] == {"a": "1", "b": "2"}
        assert job["tasks"] == [{"task_key": "t", "timeout_seconds": 9, "max_retries": 1}, {"task_key": "u"}]
        assert [one["principal"] for one in said(bundle, "registered_models", "m")["grants"]] == ["a", "b"]

    def test_the_bundles_permissions_are_those_of_its_resources(self, tmp_path):
        root = written(
            tmp_path,
            """\
            bundle: {name: b}
            permissions: [{level: CAN_RUN, group_name: g}, {level: CAN_VIEW, group_name: h}]
            resources:
              experiments: {e: {name: /Shared/e}}
              jobs: {j: {name: j, permissions: [{level: IS_OWNER, group_name: g}]}}
              model_serving_endpoints: {s: {name: s}}
            """,
        )
        bundle = load_bundle(root)
        assert said(bundle, "experiments", "e")["permissions"] == [{"level": "CAN_READ", "group_name": "h"}]
        assert [one["level"] for one in said(bundle, "jobs", "j")["permissions"]] == ["IS_OWNER", "CAN_VIEW"]
        assert [one["level"] for one in said(bundle, "model_serving_endpoints", "s")["permissions"]] == [
            "CAN_QUERY",
            "CAN_VIEW",
        ]

    def test_presets_prefix_and_tag_and_pause(self, tmp_path):
        root = written(
            tmp_path,
            """\
            bundle: {name: b}
            presets: {name_prefix: "[Team 1] ", tags: {team: one}, trigger_pause_status: PAUSED}
            resources:
              schemas: {s: {catalog_name: main, name: ml}}
              volumes: {v: {catalog_name: main, schema_name: ml, name: v}}
              jobs:
                j: {name: j, schedule: {quartz_cron_expression: x}}
                k: {name: k, tags: {team: two}, schedule: {quartz_cron_expression: x, pause_status: UNPAUSED}}
              experiments: {e: {name: e}}
            """,
        )
        bundle = load_bundle(root)
        assert bundle.target == "default"
        assert said(bundle, "schemas", "s")["name"] == "team_1_ml"
        volume = said(bundle, "volumes", "v")
        assert (volume["schema_name"], volume["name"]) == ("team_1_ml", "v")
        assert said(bundle, "experiments", "e") == {
            "name": "[Team 1] e",
            "tags": [{"key": "team", "value": "one"}],
        }
        jobs = [said(bundle, "jobs", key) for key in "jk"]
        assert [job["schedule"]["pause_status"] for job in jobs] == ["PAUSED", "UNPAUSED"]
        assert [job["tags"]["team"] for job in jobs] == ["one", "two"]

    def test_what_is_no_reference_of_a_bundles_stays(self, tmp_path):
        root = written(tmp_path, SMALL.replace('"${var.asked} ${var.size.deep[1].x}"', '"${HOME} {{job.id}} $x ${"'))
        assert said(load_bundle(root), "volumes", "v")["comment"] == "${HOME} {{job.id}} $x ${"

    def test_a_resource_that_fakebricks_has_not_is_named_and_left_out(self, tmp_path):
        root = written(tmp_path, "bundle: {name: b}\nresources: {pipelines: {p: {name: p}}}")
        (finding,) = load_bundle(root).findings
        assert (finding.rule, finding.severity) == ("bundle/not-deployed", Severity.WARNING)
        assert finding.place.line == 2

    @pytest.mark.parametrize(
        ("mode", "rule"),
        [
            ("mode: production", "bundle/production-path"),
            ("mode: development, workspace: {root_path: /Shared/x}", "bundle/development-path"),
            ("mode: production, workspace: {root_path: /Shared/x}", None),
            ("mode: development, workspace: {root_path: ~/x}", None),
            ("mode: development", None),
        ],
    )
    def test_what_a_mode_demands(self, tmp_path, mode, rule):
        root = written(
            tmp_path, f"bundle: {{name: b}}\nresources: {{jobs: {{j: {{name: j}}}}}}\ntargets: {{t: {{{mode}}}}}"
        )
        assert [one.rule for one in load_bundle(root).findings] == ([rule] if rule else [])


WRONG = {
    "an unknown key": ("resources/serving.yml", "served_entities:", "served_entites:", "mean 'served_entities'"),
    "an unknown section": ("databricks.yml", "variables:\n  catalog", "vars:\n  catalog", "did you mean 'variables'"),
    "an unknown type": ("resources/model.yml", "registered_models:", "registered_model:", "'registered_models'"),
    "a wrong type": ("resources/serving.yml", "[1 day]", "1 day", "expected a list"),
    "a text for a number": ("resources/serving.yml", "percentage: 100", "percentage: all", "a whole number"),
    "a text for a boolean": ("resources/serving.yml", "enabled: true", "enabled: maybe", "a boolean"),
    "an undefined variable": ("resources/serving.yml", "${var.version}", "${var.versoin}", "did you mean 'version'"),
    "no such field of a variable": ("resources/serving.yml", "serving.workload_size", "serving.size", "no 'size' in"),
    "an unknown resource": ("resources/training.yml", "experiments.fraud_training", "experiments.x", "no 'x'"),
    "an unknown field": ("resources/training.yml", "fraud_training.name", "fraud_training.nmae", "mean 'name'"),
    "a reference to nothing": ("databricks.yml", "${bundle.target}", "${bundle.traget}", "did you mean 'target'"),
    "a reference of no kind": ("resources/serving.yml", "${var.version}", "${vars.version}", "did you mean 'var'"),
    "no reference": ("resources/serving.yml", "${var.version}", "${var.ver sion}", "is no reference"),
    "a mapping in a text": ("resources/model.yml", "How likely", "${var.serving} likely", "part of a text"),
    "a mapping for a text": ("resources/serving.yml", "${var.version}", "${var.serving}", "expected a text"),
    "an undeclared variable": ("databricks.yml", "      catalog: prod", "      katalog: prod", "mean 'catalog'"),
    "an unknown mode": ("databricks.yml", "mode: production", "mode: prod", "neither 'development' nor"),
    "no such include": ("databricks.yml", "resources/*.yml", "resources/serving.yaml", "does not match any file"),
    "an absolute include": ("databricks.yml", "resources/*.yml", "/etc/*.yml", "no relative path"),
    "an include of another kind": ("databricks.yml", "resources/*.yml", "train.py", "neither YAML nor JSON"),
    "a variable in a circle": ("databricks.yml", "default: dev\n", "default: ${var.version}\n", None),
    "a lookup of what there is not": (
        "databricks.yml",
        "    default: dev\n",
        "    lookup: {clustre: shared}\n",
        "looks up a 'clustre', which cannot be looked up; did you mean 'cluster'?",
    ),
    "no type": ("databricks.yml", "    type: complex\n", "", "needs 'type: complex'"),
    "a key twice": ("resources/training.yml", "    train:", "    fraud_score:", "that of another resource already"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_said_with_file_and_line(tmp_path, name):
    file, old, new, told = WRONG[name]
    root = copied(tmp_path)
    line = changed(root / file, old, new)
    if told is None:
        told = "in a circle"
        changed(root / file, 'default: "1"', "default: ${var.catalog}")
    target = "dev" if name in ("a variable in a circle", "a lookup of what there is not", "no type") else "prod"
    with pytest.raises(BundleError, match=told) as raised:
        load_bundle(root, target)
    assert raised.value.place.file == str(root / file)
    assert abs(raised.value.place.line - line) <= 3
    assert "Traceback" not in str(raised.value)


@pytest.mark.parametrize(
    ("target", "variables", "told"),
    [
        ("staging", {}, "no target 'staging'; there are: dev, prod"),
        ("prd", {}, "did you mean 'prod'"),
        (None, {"verison": "2"}, "did you mean 'version'"),
        (None, {"serving": "x"}, "is complex"),
    ],
)
def test_what_the_caller_has_wrong_is_said(target, variables, told):
    with pytest.raises(BundleError, match=told):
        load_bundle(EXAMPLE, target, variables)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{}", "has no name"),
        ("- a", "expected a mapping"),
        ("bundle: {name: b}\ntargets: {a: {}, b: {}}", "no target is named"),
        ("bundle: {name: b}\ntargets: {a: {default: true}, b: {default: true}}", "several targets"),
        ("bundle: {name: b}\nvariables: {v: {}}", "has no value"),
        ("bundle: {name: b}\nvariables: {v: {type: list, default: 1}}", "can be 'complex' or none"),
        ("bundle: {name: '${bundle.name}'}", "in a circle"),
        (
            "bundle: {name: c}\nresources: {jobs: {a: {name: '${resources.jobs.a.id}'}}}",
            "in a circle",
        ),
        (
            "bundle: {name: b}\npermissions: [{level: CAN_FLY, group_name: g}]\nresources: {jobs: {a: {name: a}}}",
            "CAN_FLY",
        ),
        (
            "bundle: {name: b}\npresets: {tags: '${bundle.name}'}\ntargets: {t: {presets: {tags: {a: b}}}}",
            "a mapping cannot replace a text",
        ),
        ("bundle: {name: b}\npresets: {trigger_pause_status: NO}", "PAUSED or UNPAUSED"),
    ],
)
def test_small_bundles_that_are_wrong(tmp_path, text, told):
    with pytest.raises(BundleError, match=told):
        load_bundle(written(tmp_path, text))


def test_included_files_that_include(tmp_path):
    root = written(
        tmp_path,
        "bundle: {name: b}\ninclude: [one.yml]",
        one="include: [two.yml]\nresources: {jobs: {j: {name: j}}}",
        two="resources: {jobs: {k: {name: k}}}",
    )
    bundle = load_bundle(root)
    assert [one.key for one in bundle.resources] == ["j"]
    (finding,) = bundle.findings
    assert (finding.rule, finding.place.file) == ("bundle/nested-include", str(tmp_path / "one.yml"))
    (tmp_path / "one.yml").write_text("include: [databricks.yml]")
    with pytest.raises(BundleError, match="in a circle: .*databricks.yml -> .*one.yml -> .*databricks.yml"):
        load_bundle(root)


def test_anchors_at_the_top_of_a_file_are_there_to_be_repeated(tmp_path):
    text = """\
        bundle: {name: b}
        common_permissions: &permissions
          permissions: [{level: CAN_READ, group_name: users}]
        resources:
          experiments:
            e:
              name: /Shared/e
              <<: *permissions
        """
    bundle = load_bundle(written(tmp_path, text))
    assert said(bundle, "experiments", "e")["permissions"] == [{"level": "CAN_READ", "group_name": "users"}]
    with pytest.raises(BundleError, match="unknown key 'common_permissions'"):
        load_bundle(written(tmp_path, text.replace(" &permissions", "").replace("<<: *permissions", "")))


def test_patterns_are_read_as_the_cli_does(tmp_path):
    for folder, key in (("a", "one"), ("a/b", "two")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "r.yml").write_text(f"resources: {{jobs: {{{key}: {{name: j}}}}}}")
    (tmp_path / "a" / "s.json").write_text('{\n\t"resources": {"jobs": {"three": {"name": "j"}}}\n}')
    root = written(tmp_path, 'bundle: {name: b}\ninclude: ["*.yml", "**/*.yml", a/s.json, a/*.json]')
    assert [one.key for one in load_bundle(root).resources] == ["one", "three"]


def test_variables_that_double_are_bounded(tmp_path):
    names = [f"v{i}" for i in range(40)]
    declared = "\n".join(
        f"  {name}: {{type: complex, default: ['${{var.{after}}}', '${{var.{after}}}']}}"
        for name, after in pairwise(names)
    )
    text = f"bundle: {{name: b}}\nvariables:\n{declared}\n  v39: {{default: x}}\n"
    resources = "resources: {volumes: {v: {name: '${var.v0}'}}}"
    with pytest.raises(BundleError, match="more than"):
        load_bundle(written(tmp_path, text + resources))
    texts = text.replace("type: complex, default: ['", "default: '").replace("', '", "").replace("']", "'")
    with pytest.raises(BundleError, match="more than"):
        load_bundle(written(tmp_path, texts + resources))
