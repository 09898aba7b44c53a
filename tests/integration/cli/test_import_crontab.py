"""`yuanya import-crontab` against a running system: preview, apply, and a second time."""

import json
import os
import pwd
from pathlib import Path

SAMPLES = Path(__file__).parents[2] / "data" / "crontabs"


def jobs(up, group: str) -> dict[str, dict]:
    return {job["name"]: job for job in json.loads(up.ok("job", "list", "--group", group, "--json"))}


def test_preview_writes_nothing_and_shows_everything(up):
    said = up.ok("import-crontab", SAMPLES / "user", "--group", "previewed", "--timezone", "Asia/Shanghai")
    assert "created   user-daily.job" in said
    assert f"{SAMPLES / 'user'}:7" in said
    assert "5 0 * * * (At 00:05" in said
    assert "Asia/Shanghai: " in said
    assert "MAILTO is not used" in said
    assert "14 created. Nothing was written: add --apply to write." in said
    assert jobs(up, "previewed") == {}


def test_apply_then_unchanged_then_only_with_replace(up, tmp_path):
    crontab = tmp_path / "mine"
    crontab.write_text("A=1\n1 1 * * * one\n2 2 * * * two\n")
    arguments = ("import-crontab", crontab, "--group", "mine", "--prefix", "m-", "--timezone", "UTC")
    assert "2 created." in up.ok(*arguments, "--apply")
    assert set(jobs(up, "mine")) == {"m-mine-one", "m-mine-two"}
    again = up.yuanya(*arguments, "--apply")
    assert "2 unchanged." in again.stdout
    assert again.stderr == ""

    crontab.write_text("A=1\n9 9 * * * one\n2 2 * * * two\n3 3 * * * three\n")
    said = up.ok(*arguments, "--apply")
    assert "cronExpr: 1 1 * * * -> 9 9 * * *" in said
    assert jobs(up, "mine")["m-mine-one"]["cronExpr"] == "1 1 * * *"
    assert "m-mine-three" in jobs(up, "mine")
    up.ok(*arguments, "--apply", "--replace")
    assert jobs(up, "mine")["m-mine-one"]["cronExpr"] == "9 9 * * *"


def test_what_an_operator_paused_or_resumed_stays_so(up, tmp_path):
    crontab = tmp_path / "system"
    crontab.write_text("1 1 * * * www-data other\n")
    arguments = ("import-crontab", crontab, "--system-format", "--group", "others", "--apply", "--replace")
    assert "imported paused" in up.ok(*arguments)
    (name,) = jobs(up, "others")
    assert jobs(up, "others")[name]["state"] == "paused"
    shown = up.ok("job", "show", name)
    up.ok("job", "apply", "-f", "-", stdin=shown.replace("enabled: false", "enabled: true"))
    assert jobs(up, "others")[name]["state"] == "enabled"
    assert "1 unchanged" in up.ok(*arguments)
    assert jobs(up, "others")[name]["state"] == "enabled"


def test_lines_that_cannot_be_imported_are_told_and_the_others_are_imported(up):
    done = up.yuanya(
        "import-crontab",
        "-",
        "--group",
        "partly",
        "--apply",
        stdin="@reboot a\n61 * * * * b\nrubbish\n1 1 * * * good\n",
    )
    assert done.returncode == 1
    assert "not imported: crontab:1: @reboot" in done.stderr
    assert "not imported: crontab:2: cronExpr: " in done.stderr
    assert "not imported: crontab:3: " in done.stderr
    assert list(jobs(up, "partly")) == ["crontab-good"]


def test_a_directory_is_read_as_cron_reads_it(up, tmp_path):
    for name in ("good", "bad.dpkg-dist", ".placeholder", "backup~"):
        (tmp_path / name).write_text("1 1 * * * root x\n")
    said = up.ok("import-crontab", tmp_path, "--system-format")
    assert "created   good-x" in said
    assert "1 created" in said


def test_a_line_that_is_no_utf_8_is_left_out_alone(up, tmp_path):
    crontab = tmp_path / "latin"
    crontab.write_bytes(b"1 1 * * * echo caf\xe9\n1 1 * * * good\n\xff rubbish\n")
    done = up.yuanya("import-crontab", crontab, "--group", "latin", "--apply")
    assert done.returncode == 1
    assert f"not imported: {crontab}:1: command: " in done.stderr
    assert f"not imported: {crontab}:3: " in done.stderr
    assert list(jobs(up, "latin")) == ["latin-good"]


def test_a_missing_file_is_one_line(up, tmp_path):
    done = up.yuanya("import-crontab", tmp_path / "none")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)


def test_an_imported_line_runs_as_it_did_with_cron(up, tmp_path):
    out = tmp_path / "out"
    crontab = f'GREETING="it\'s  10"\n* * * * * {{ cat; echo "$GREETING" \\%; pwd; }} > {out}%one%two\n'
    up.ok("import-crontab", "-", "--group", "like-cron", "--apply", stdin=crontab)
    (name,) = jobs(up, "like-cron")
    up.ok("job", "run", name, "--follow")
    home = pwd.getpwuid(os.getuid()).pw_dir
    assert out.read_text() == f"one\ntwo\nit's  10 %\n{home}\n"
    up.ok("job", "delete", name, "--yes")
