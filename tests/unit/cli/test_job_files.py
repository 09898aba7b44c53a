"""Job files are read as their author meant them, or refused before anything happens."""

import io
from pathlib import Path

import pytest

from app.cli import job_files
from app.cli.config import ClientError


def read(tmp_path: Path, text: str, name: str = "jobs.yaml"):
    file = tmp_path / name
    file.write_text(text)
    return job_files.read([file])


def refusal(tmp_path: Path, text: str) -> str:
    with pytest.raises(ClientError) as refused:
        read(tmp_path, text)
    return str(refused.value)


A = "name: a\ncommand: x\ncronExpr: '* * * * *'\n"
B = "name: b\ncommand: y\ncronExpr: '@daily'\n"
JSON_A = '{"name":"a","command":"x","cronExpr":"* * * * *"}'
JSON_B = '{"name":"b","command":"y","cronExpr":"@daily"}'


@pytest.mark.parametrize(
    "text",
    [
        f"{A}---\n{B}",
        f"---\n---\n{A}---\n- {JSON_B}",
        f"- {JSON_A}\n- {JSON_B}\n",
        f"[{JSON_A},\n\t{JSON_B}]",
        f"{JSON_A}\n---\n{JSON_B}",
    ],
)
def test_one_job_a_list_or_several_documents(tmp_path, text):
    assert [(job.name, job.command, job.cron_expr) for job in read(tmp_path, text)] == [
        ("a", "x", "* * * * *"),
        ("b", "y", "@daily"),
    ]


def test_standard_input(monkeypatch):
    monkeypatch.setattr(
        "sys.stdin", io.TextIOWrapper(io.BytesIO(b"{name: a, command: x, cronExpr: '@daily'}"))
    )
    assert [job.name for job in job_files.read([Path("-")])] == ["a"]


def test_words_that_yaml_takes_for_booleans_and_times_stay_text(tmp_path):
    (job,) = read(
        tmp_path,
        "{name: no, command: on, cronExpr: '@daily', env: {A: yes, B: off}, "
        "startsAt: 2030-01-31T08:00:00+08:00, enabled: false}",
    )
    assert (job.name, job.command, job.env) == ("no", "on", {"A": "yes", "B": "off"})
    assert job.starts_at.isoformat() == "2030-01-31T00:00:00+00:00"
    assert job.enabled is False


def test_everything_wrong_in_all_files_is_told_at_once(tmp_path):
    good = tmp_path / "good.yaml"
    good.write_text("{name: a, command: x, cronExpr: '@daily'}")
    bad = tmp_path / "bad.yaml"
    bad.write_text(
        "- {name: b, command: x, cronExpr: '61 * * * *'}\n"
        "- {name: c, command: x, cronExpr: '@daily', timeoutSeconds: soon, colour: red}\n"
        "- just text\n"
        "- {name: a, command: x, cronExpr: '@daily'}\n"
    )
    with pytest.raises(ClientError) as refused:
        job_files.read([good, bad])
    lines = str(refused.value).splitlines()
    assert lines[0].startswith(f"{bad}, job 1 (b): cronExpr: ")
    assert "timeoutSeconds: " in lines[1]
    assert "colour: " in lines[1]
    assert lines[2] == f"{bad}, job 3: is not a job, which has at least name, command and cronExpr"
    assert lines[3] == f"{bad}, job 4 (a): name: 'a' is there twice"
    assert lines[-1] == "Nothing was changed."


def test_a_star_without_quotes_gets_a_hint(tmp_path):
    assert "line 2" in (text := refusal(tmp_path, "name: a\ncronExpr: * * * * *\n"))
    assert "needs quotes" in text


def test_a_key_that_comes_twice_is_refused(tmp_path):
    assert "'name' is there twice" in refusal(tmp_path, '{"name": "a", "command": "x", "name": "b"}')


@pytest.mark.parametrize("text", ["", "---\n", "[]"])
def test_no_job_at_all(tmp_path, text):
    assert "No job in" in refusal(tmp_path, text)


def test_a_missing_file_and_binary_rubbish(tmp_path):
    with pytest.raises(ClientError, match="No such file"):
        job_files.read([tmp_path / "none.yaml"])
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(ClientError, match="binary"):
        job_files.read([tmp_path / "binary"])
    assert "jobs.yaml" in refusal(tmp_path, "name: \x00")


def test_python_objects_are_not_made(tmp_path):
    assert "jobs.yaml" in refusal(tmp_path, "!!python/object/apply:os.system ['false']")
