"""Job files are read from the disk or standard input, and refused before anything happens."""

import io
from pathlib import Path

import pytest

from app.cli import job_files
from app.cli.config import ClientError

A = "{name: a, command: x, cronExpr: '@daily'}\n"


def refusal(tmp_path: Path, text: str) -> str:
    file = tmp_path / "jobs.yaml"
    file.write_text(text)
    with pytest.raises(ClientError) as refused:
        job_files.read([file])
    return str(refused.value)


def test_the_jobs_of_all_files(tmp_path):
    (tmp_path / "a.yaml").write_text(A)
    (tmp_path / "b.json").write_text('{"name": "b", "command": "y", "cronExpr": "@daily"}')
    jobs = job_files.read([tmp_path / "a.yaml", tmp_path / "b.json"])
    assert [(job.name, job.command) for job in jobs] == [("a", "x"), ("b", "y")]


def test_standard_input(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(A.encode())))
    assert [job.name for job in job_files.read([Path("-")])] == ["a"]


def test_standard_input_that_is_no_yaml(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"name: [a\n")))
    with pytest.raises(ClientError, match=r"^standard input: line 2"):
        job_files.read([Path("-")])


def test_everything_wrong_in_all_files_is_told_at_once(tmp_path):
    good = tmp_path / "good.yaml"
    good.write_text(A)
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
    assert lines[0].startswith(f"{bad}, line 1 (b): cronExpr: ")
    assert "timeoutSeconds: " in lines[1]
    assert "colour: unknown field" in lines[1]
    assert lines[2] == f"{bad}, line 3: is not a job, which has at least name, command and cronExpr"
    assert lines[3] == f"{bad}, line 4 (a): name: 'a' is there twice"
    assert lines[-1] == "Nothing was changed."


def test_a_text_that_is_no_yaml_is_refused_with_its_file(tmp_path):
    assert f"{tmp_path}/jobs.yaml: line 1: " in refusal(tmp_path, "a: b: c")


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
