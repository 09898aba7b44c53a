"""Secrets of jobs in a whole system: commands have them, and nothing that is kept or shown does."""

import json
import stat
from pathlib import Path

from tests.harness.embedded import Up

FIRST, SECOND = "kX4-first-secret", "zQ9-second-secret"
COMMAND = (
    'test "$PASSWORD" = "$(cat "$FILE")" && echo "it is $PASSWORD, length ${#PASSWORD}, $TEXT"; sleep 0.5'
)


def put(up: Up, name: str, value: str) -> Path:
    file = up.data / "job-secrets" / name
    file.touch(0o600)
    file.write_text(value)
    return file


def run(up: Up, name: str, *options: str) -> str:
    """What a run of the job printed, first as it came and then as it is kept: both the same."""
    done = up.yuanya("job", "run", name, "--follow", *options)
    assert up.ok("job", "logs", name) == done.stdout
    return done.stdout


def holders(folder: Path, value: str) -> list[str]:
    """The files below a folder that hold the value, those of etcd and SQLite among them."""
    found = [path for path in folder.rglob("*") if path.is_file() and value.encode() in path.read_bytes()]
    return sorted(str(path.relative_to(folder)) for path in found)


def test_only_the_command_gets_to_know_a_secret(up: Up) -> None:
    file = put(up, "db-password", f"{FIRST}\n")
    env = {"PASSWORD": "secret:db-password", "FILE": str(file), "TEXT": "secret::literal"}
    up.ok(
        "job",
        "apply",
        "-f",
        "-",
        stdin=json.dumps({"name": "with-secret", "command": COMMAND, "cronExpr": "0 0 1 1 *", "env": env}),
    )
    assert run(up, "with-secret") == "it is ***, length 16, secret:literal\n"

    put(up, "db-password", SECOND)
    assert run(up, "with-secret") == "it is ***, length 17, secret:literal\n"

    put(up, "other", "third-secret")
    with_order = run(
        up, "with-secret", "--env", "PASSWORD=secret:other", "--env", f"FILE={file.with_name('other')}"
    )
    assert with_order == "it is ***, length 12, secret:literal\n"

    shown = json.loads(up.ok("job", "show", "with-secret", "--json"))
    assert shown["env"] == env
    for value, holder in (
        (FIRST, []),
        (SECOND, ["job-secrets/db-password"]),
        ("third-secret", ["job-secrets/other"]),
    ):
        assert holders(up.data, value) == holder
    assert "data" in holders(up.data.parent, "secret:db-password")[0], "the search finds what is there"


def test_without_its_secret_nothing_is_started_and_the_run_says_why(up: Up, tmp_path: Path) -> None:
    trace = tmp_path / "ran"
    job = {
        "name": "no-secret",
        "command": f"touch {trace}",
        "cronExpr": "0 0 1 1 *",
        "env": {"A": "secret:absent"},
    }
    up.ok("job", "apply", "-f", "-", stdin=json.dumps(job))
    done = up.yuanya("job", "run", "no-secret", "--follow")
    assert done.returncode == 1
    assert "secret:absent for A: on worker local: absent in" in done.stderr
    assert not trace.exists()


def test_what_cannot_be_a_reference_is_refused_before_it_is_kept(up: Up) -> None:
    job = {"name": "bad-secret", "command": "true", "cronExpr": "0 0 1 1 *", "env": {"A": "secret:../x"}}
    done = up.yuanya("job", "apply", "-f", "-", stdin=json.dumps(job))
    assert done.returncode != 0
    assert "env: 'A': after secret: comes the name of a secret" in done.stderr
    up.ok("job", "apply", "-f", "-", stdin=json.dumps(job | {"name": "good", "env": {}}))
    assert up.yuanya("job", "run", "good", "--env", "A=secret:../x").returncode != 0


def test_the_directory_of_secrets_is_the_users_alone(up: Up) -> None:
    assert stat.S_IMODE((up.data / "job-secrets").stat().st_mode) == 0o700
