"""What `yuanya up` says to type next."""

import sys

import pytest

from app.cli.commands.up import program


@pytest.fixture
def installed(tmp_path, monkeypatch):
    script = tmp_path / "my project" / ".venv" / "bin" / "yuanya"
    script.parent.mkdir(parents=True)
    script.touch(0o755)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.chdir(tmp_path / "my project")
    return script


@pytest.mark.parametrize("relative", [False, True])
def test_below_the_current_directory_it_is_the_path_from_here(installed, relative):
    assert program(".venv/bin/yuanya" if relative else str(installed)) == ".venv/bin/yuanya"


def test_elsewhere_it_is_the_whole_path_in_quotes_where_needed(installed, monkeypatch):
    monkeypatch.chdir("/")
    assert program(str(installed)) == f"'{str(installed)[1:]}'"
    monkeypatch.chdir("/usr")
    assert program(str(installed)) == f"'{installed}'"


def test_on_the_path_it_is_the_name(installed, monkeypatch):
    monkeypatch.setenv("PATH", str(installed.parent))
    assert program(str(installed)) == "yuanya"


def test_another_one_on_the_path_is_not_this_one(installed, tmp_path, monkeypatch):
    other = tmp_path / "yuanya"
    other.touch(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert program(str(installed)) == ".venv/bin/yuanya"


def test_a_module_is_started_by_its_python():
    assert program("/somewhere/app/cli/main.py") == f"{sys.executable} -m app.cli.main"
