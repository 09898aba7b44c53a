"""The help of every command teaches by example."""

import pytest
from typer.testing import CliRunner

from app.cli.main import app

JOB_COMMANDS = [["job", name] for name in ("list", "show", "apply", "delete", "run", "kill", "logs")]
WORKER_COMMANDS = [["workers", name] for name in ("list", "drain", "resume")]
OTHERS = [
    ["up"],
    ["master"],
    ["worker"],
    ["login"],
    ["logout"],
    ["ledger"],
    ["import-crontab"],
    ["doctor"],
    ["backup"],
    ["restore"],
]


def shown(*arguments: str) -> str:
    result = CliRunner().invoke(app, [*arguments, "--help"], env={"COLUMNS": "200"})
    assert result.exit_code == 0
    return result.output


@pytest.mark.parametrize("command", [*OTHERS, *JOB_COMMANDS, *WORKER_COMMANDS], ids=" ".join)
def test_every_command_shows_an_example_and_explains_each_option(command):
    text = shown(*command)
    assert "Example: " in text
    assert f"yuanya {' '.join(command)}" in text
    assert "exit code 1" in text.lower() or command[-1] not in (
        "ledger",
        "import-crontab",
        "run",
        "logs",
        "drain",
        "resume",
    )


def test_paragraphs_flow_to_the_width_of_the_terminal():
    narrow = CliRunner().invoke(app, ["backup", "--help"], env={"COLUMNS": "80"}).output
    assert "(YUANYA_ETCD_...," in narrow
    assert ".env, YUANYA_SECRETS_DIR); masters may run or not." in narrow
    assert "may read it, because jobs may hold secrets." in " ".join(narrow.split())


def test_exit_codes_are_documented():
    assert "Exit codes: 0 done, 1 failed or refused, 2 wrong usage or settings." in shown()
