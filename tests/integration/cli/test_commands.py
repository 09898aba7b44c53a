"""The client commands against a running system."""

import json
import os
import pty
import re
import select
import signal
import subprocess
import time
from base64 import b64encode
from dataclasses import replace

import httpx

from app.common.logstore import RunQuery, open_store
from tests.harness.embedded import YUANYA, clean_environment
from tests.harness.poll import wait_until

RUN_ID = re.compile(r"\d{13}-\d+-[0-9a-f]{16}")


def job(name: str, command: str = "true", **fields: object) -> str:
    return json.dumps({"name": name, "command": command, "cronExpr": "0 0 1 1 *", **fields})


def apply(up, *jobs: str, **options) -> str:
    return up.ok("job", "apply", "-f", "-", stdin=f"[{','.join(jobs)}]")


def test_help_loads_none_of_the_heavy_parts():
    program = (
        "import sys, app.cli.main; "
        "print({'prometheus_client', 'grpc', 'pymongo', 'fastapi', 'uvicorn'} & set(sys.modules))"
    )
    assert subprocess.run([YUANYA[0], "-c", program], capture_output=True, text=True).stdout == "set()\n"


class TestRefusals:
    """In words, on stderr, without a traceback."""

    def refused(self, done: subprocess.CompletedProcess, code: int = 1) -> str:
        assert done.returncode == code, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done.stderr

    def test_not_signed_in(self, up, tmp_path):
        done = up.yuanya("job", "list", XDG_CONFIG_HOME=str(tmp_path))
        assert "run `yuanya login` first" in self.refused(done)

    def test_nobody_there(self, up):
        done = up.yuanya("job", "list", YUANYA_TOKEN="x" * 20, YUANYA_URL="http://127.0.0.1:9")
        assert "No answer from http://127.0.0.1:9" in self.refused(done)

    def test_a_wrong_token(self, up):
        done = up.yuanya("job", "list", YUANYA_TOKEN="yct_wrong")
        assert "yuanya login" in self.refused(done)

    def test_a_wrong_password(self, up, tmp_path):
        (tmp_path / "password").write_text("not the password")
        done = up.yuanya("login", "--url", up.url, "--password-file", tmp_path / "password")
        self.refused(done)
        assert up.yuanya("job", "list").returncode == 0, "the kept token still works"

    def test_a_server_that_is_none(self, up):
        done = up.yuanya(
            "job", "list", YUANYA_TOKEN="x", YUANYA_URL=f"http://127.0.0.1:{up.ports['--etcd-port']}"
        )
        assert "404" in self.refused(done)

    def test_unknown_jobs(self, up):
        for command in (["show"], ["run"], ["kill", "--yes"], ["delete", "--yes"], ["logs"]):
            assert "no such one" in self.refused(up.yuanya("job", *command, "no such one")), command

    def test_fields_are_named_one_a_line(self, up):
        message = self.refused(up.yuanya("job", "apply", "-f", "-", stdin=job("a/b", "", colour="red")))
        assert all(field in message for field in ("name: ", "command: ", "colour: "))
        assert "Nothing was changed" in message

    def test_wrong_usage(self, up):
        self.refused(up.yuanya("job", "apply"), 2)
        self.refused(up.yuanya("job", "list", "--limit", "0"), 2)
        self.refused(up.yuanya("nonsense"), 2)
        message = self.refused(up.yuanya("job", "run", "x", "--env", "novalue"), 2)
        assert "must look like NAME=VALUE" in message

    def test_refused_settings(self, up):
        done = up.yuanya("worker", "--capacity", "0", YUANYA_ETCD_ENDPOINTS='["nowhere"]')
        assert "YUANYA_CAPACITY: " in self.refused(done, 2)
        done = up.yuanya("master", YUANYA_ADMIN_PASSWORD="changeme")
        message = self.refused(done, 2)
        assert "YUANYA_ADMIN_PASSWORD: must have at least 12 characters" in message
        assert "changeme" not in message


class TestApply:
    def test_created_then_unchanged_then_changed_with_the_difference(self, up):
        first = job("apply-1", "echo one", env={"A": "1", "B": "2"})
        assert "created   apply-1" in apply(up, first)
        assert "1 unchanged" in apply(up, first)
        said = apply(up, job("apply-1", "echo two", env={"A": "1", "C": "3"}), job("apply-2"))
        assert "command: echo one -> echo two" in said
        assert "env.B: 2 -> (default)" in said
        assert "env.C: (default) -> 3" in said
        assert "1 created, 1 changed" in said
        shown = up.ok("job", "show", "apply-1")
        assert "command: echo two" in shown
        # What `show` prints is what `apply` takes.
        assert "1 unchanged" in up.ok("job", "apply", "-f", "-", stdin=shown)

    def test_a_dry_run_writes_nothing(self, up):
        said = up.ok("job", "apply", "--dry-run", "-f", "-", stdin=job("apply-dry"))
        assert "created   apply-dry" in said
        assert "nothing was written" in said
        assert up.yuanya("job", "show", "apply-dry").returncode == 1

    def test_nothing_is_written_when_one_of_many_is_wrong(self, up):
        done = up.yuanya(
            "job", "apply", "-f", "-", stdin=f"[{job('apply-good')},{job('apply-bad', cronExpr='x')}]"
        )
        assert done.returncode == 1
        assert "job 2 (apply-bad): cronExpr: " in done.stderr
        assert up.yuanya("job", "show", "apply-good").returncode == 1

    def test_many_jobs_and_pages(self, up):
        apply(up, *(job(f"many-{number:03}", group="many") for number in range(250)))
        listed = json.loads(up.ok("job", "list", "--group", "many", "--json"))
        assert [j["name"] for j in listed] == [f"many-{number:03}" for number in range(250)]
        assert len(json.loads(up.ok("job", "list", "--group", "many", "--limit", "7", "--json"))) == 7
        assert up.ok("job", "delete", "--yes", *(f"many-{n:03}" for n in range(250))).count("deleted") == 250
        assert json.loads(up.ok("job", "list", "--group", "many", "--json")) == []

    def test_names_of_any_script(self, up):
        apply(up, job("每日 备份.1", tags=["été"]))
        assert "每日 备份.1" in up.ok("job", "list", "--tag", "été")
        assert "deleted   每日 备份.1" in up.ok("job", "delete", "每日 备份.1", "--yes")

    def test_an_invalid_job_is_listed_with_its_reason_and_can_be_replaced(self, up):
        body = {"key": b64encode(b"/cron/jobs/broken").decode(), "value": b64encode(b"{\x1b[2J").decode()}
        httpx.post(f"http://127.0.0.1:{up.ports['--etcd-port']}/v3/kv/put", json=body).raise_for_status()
        wait_until(lambda: "broken" in up.ok("job", "list", "--state", "invalid"), what="the invalid job")
        done = up.yuanya("job", "show", "broken")
        assert done.returncode == 1
        assert "broken is invalid" in done.stderr
        assert "\x1b" not in done.stderr
        assert "changed   broken" in apply(up, job("broken"))
        up.ok("job", "delete", "broken", "--yes")


class TestRuns:
    def test_run_and_follow_to_a_good_end(self, up):
        apply(up, job("greet", "for i in 1 2 3; do echo $i $WORD; sleep 0.3; done"))
        done = up.yuanya("job", "run", "greet", "--env", "WORD=hello", "--follow")
        assert done.stdout == "1 hello\n2 hello\n3 hello\n"
        assert "succeeded" in done.stderr
        assert done.returncode == 0
        (run_id,) = RUN_ID.findall(done.stderr)
        assert up.ok("job", "logs", run_id) == done.stdout
        assert up.ok("job", "logs", "greet", "-n", "1") == "3 hello\n"

    def test_run_and_follow_to_a_bad_end(self, up):
        apply(up, job("fails", "echo no; exit 3"))
        done = up.yuanya("job", "run", "fails", "--follow")
        assert (done.returncode, done.stdout) == (1, "no\n")
        assert "exit code 3" in done.stderr
        assert up.yuanya("job", "logs", "fails").returncode == 0
        assert up.yuanya("job", "logs", "fails", "--follow").returncode == 1

    def test_kill_what_runs(self, up):
        apply(up, job("endless", "echo started; sleep 1000"))
        run_id = up.ok("job", "run", "endless").strip()
        follower = subprocess.Popen(
            [*YUANYA, "job", "logs", run_id, "--follow"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=up.environment(),
        )
        assert follower.stdout.readline() == "started\n"
        assert "has not ended" in up.yuanya("job", "logs", "endless").stderr
        assert f"killing   {run_id}" in up.ok("job", "kill", "endless", "--yes")
        _, errors = follower.communicate(timeout=30)
        assert "killed" in errors
        assert follower.returncode == 1
        assert "Nothing runs." in up.ok("job", "kill", "endless", "--yes")

    def test_logs_of_a_job_are_of_its_last_ended_run_while_another_runs(self, up, tmp_path):
        apply(up, job("again", "echo first"))
        up.yuanya("job", "run", "again", "--follow")
        apply(up, job("again", f"echo second; touch {tmp_path}/started; sleep 1000"))
        run_id = up.ok("job", "run", "again").strip()
        wait_until((tmp_path / "started").exists, what="the second run")
        assert up.ok("job", "logs", "again") == "first\n"
        assert "has not ended" in up.yuanya("job", "logs", run_id).stderr
        up.ok("job", "kill", "again", "--yes")

    def test_questions_are_asked_and_no_is_an_answer(self, up):
        apply(up, job("precious"))
        assert up.yuanya("job", "delete", "precious", stdin="n\n").returncode == 1
        assert up.yuanya("job", "delete", "precious").returncode == 1
        assert "precious" in up.ok("job", "list")
        assert up.yuanya("job", "delete", "precious", stdin="y\n").returncode == 0

    def test_output_is_raw_in_a_pipe_and_harmless_on_a_terminal(self, up):
        apply(up, job("evil", r"printf '\033]0;title\007\033[31mred\033[0m\033[2J\n'"))
        raw = up.yuanya("job", "run", "evil", "--follow").stdout
        assert raw == "\x1b]0;title\x07\x1b[31mred\x1b[0m\x1b[2J\n"
        shown = on_terminal(up, "job", "logs", "evil")
        assert "\x1b[31mred\x1b[0m" in shown
        assert "title" not in shown
        assert "\x1b[2J" not in shown

    def test_the_end_of_a_pipe_is_no_fault(self, up):
        apply(up, job("long", "seq 100000"))
        up.yuanya("job", "run", "long", "--follow")
        program = " ".join([*YUANYA, "job", "logs", "long", "|", "head", "-1"])
        done = subprocess.run(
            ["bash", "-c", program],
            capture_output=True,
            text=True,
            env=up.environment(),
        )
        assert done.stdout == "1\n"
        assert "Traceback" not in done.stderr


def on_terminal(up, *arguments: str) -> str:
    """What the command writes when its stdout and stderr are a terminal."""
    pid, terminal = pty.fork()
    if pid == 0:
        environment = clean_environment() | {"XDG_CONFIG_HOME": str(up.config), "TERM": "xterm-256color"}
        os.execve(YUANYA[0], [*YUANYA, *arguments], environment)
    shown = b""
    deadline = time.monotonic() + 30
    try:
        while time.monotonic() < deadline:
            if select.select([terminal], [], [], 1)[0]:
                shown += os.read(terminal, 65536)
    except OSError:  # its other end is closed
        pass
    finally:
        os.close(terminal)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    return shown.decode()


class TestLedger:
    def test_a_clean_ledger_is_a_good_exit(self, up):
        apply(up, job("counted", cronExpr="* * * * * *"))
        try:
            wait_until(lambda: figures(up)["succeeded"] >= 2, what="two runs on record")
        finally:
            up.ok("job", "delete", "counted", "--yes")
        assert figures(up)["unaccounted"] == figures(up)["duplicated"] == 0
        assert "unaccounted" in up.ok("ledger", "--job", "counted")

    def test_a_doubled_run_is_a_bad_exit(self, up):
        apply(up, job("doubled", cronExpr="* * * * * *"))
        try:
            wait_until(lambda: figures(up, "doubled")["succeeded"] >= 2, what="two runs on record")
        finally:
            up.ok("job", "delete", "doubled", "--yes")
        store = open_store(f"sqlite:///{up.data / 'runs.db'}", 5)
        run = store.runs(RunQuery(job="doubled", limit=1)).runs[0]
        assert store.store([replace(run, worker="another", start_time=run.start_time + 1)]).conflicts
        store.close()
        assert figures(up, "doubled")["duplicated"] == 1
        done = up.yuanya("ledger", "--job", "doubled")
        assert done.returncode == 1
        assert "1 duplicated" in done.stderr


def figures(up, name: str = "counted") -> dict:
    done = up.yuanya("ledger", "--job", name, "--json")
    return json.loads(done.stdout)


def test_logout_deletes_the_token_at_the_server(up, tmp_path):
    config = {"XDG_CONFIG_HOME": str(tmp_path)}
    done = up.yuanya("login", "--url", up.url, "--password-file", up.data / "admin-password", **config)
    assert done.returncode == 0
    token = json.loads((tmp_path / "yuanya" / "config.json").read_text())["token"]
    assert up.yuanya("job", "list", **config).returncode == 0
    assert up.yuanya("logout", **config).returncode == 0
    assert not (tmp_path / "yuanya" / "config.json").exists()
    assert up.yuanya("job", "list", YUANYA_TOKEN=token, YUANYA_URL=up.url).returncode == 1
    assert "Not signed in" in up.yuanya("logout", **config).stdout


def test_signing_in_asks_for_the_password_and_shows_it_nowhere(up, tmp_path):
    password = (up.data / "admin-password").read_text()
    done = up.yuanya("login", "--url", up.url, stdin=password, XDG_CONFIG_HOME=str(tmp_path))
    assert done.returncode == 0
    assert "Signed in" in done.stdout
    assert password.strip() not in done.stdout + done.stderr
