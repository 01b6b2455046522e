"""The configuration file with a workspace's profiles."""

from __future__ import annotations

import os
from configparser import ConfigParser
from pathlib import Path

import pytest

from fakebricks import Workspace, fake_workspace


def profiles() -> dict[str, dict[str, str]]:
    parser = ConfigParser(default_section="none", interpolation=None)
    parser.read(os.environ["DATABRICKS_CONFIG_FILE"])
    return {name: dict(parser[name]) for name in parser.sections()}


def test_default_and_named_profiles_lead_to_the_workspace():
    with fake_workspace(profiles=("prod", "my-team.eu")) as workspace:
        expected = {"host": workspace.host, "token": workspace.token}
        assert profiles() == dict.fromkeys(["DEFAULT", "prod", "my-team.eu"], expected)
        path = Path(os.environ["DATABRICKS_CONFIG_FILE"])
        assert path.stat().st_mode & 0o077 == 0
    assert not path.exists()


def test_the_profiles_of_a_surrounding_workspace_stay_unless_they_have_the_same_names():
    with fake_workspace(profiles=("dev", "both"), seed=1) as outer:
        with fake_workspace(profiles=("prod", "both"), seed=2) as inner:
            hosts = {name: profile["host"] for name, profile in profiles().items()}
            assert hosts == {"DEFAULT": inner.host, "dev": outer.host, "prod": inner.host, "both": inner.host}
        assert set(profiles()) == {"DEFAULT", "dev", "both"}


def test_a_file_of_the_user_s_own_is_not_read_or_changed(tmp_path, monkeypatch):
    own = tmp_path / "fakebricks-mine.databrickscfg"
    text = "[mine]\nhost = https://real.cloud.databricks.com\ntoken = real\n"
    own.write_text(text)
    monkeypatch.setenv("DATABRICKS_CONFIG_FILE", str(own))
    with fake_workspace(profiles=("prod",)):
        assert set(profiles()) == {"DEFAULT", "prod"}
    assert own.read_text() == text
    assert os.environ["DATABRICKS_CONFIG_FILE"] == str(own)


@pytest.mark.parametrize("name", ["", "a b", "a/b", "a:b", "[a]", "a\nb", "DEFAULT", "ä"])
@pytest.mark.parametrize("made", [Workspace, fake_workspace])
def test_a_name_that_no_profile_can_have_is_refused(made, name):
    with pytest.raises(ValueError, match="cannot be the name of a profile"):
        made(profiles=(name,))


def test_one_name_is_not_taken_for_its_letters():
    with pytest.raises(TypeError, match=r"profiles=\('prod',\)"):
        fake_workspace(profiles="prod")
