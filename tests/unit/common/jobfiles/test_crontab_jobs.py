"""Lines of crontabs become jobs that do the same, under names that stay."""

import subprocess
import time
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSim

from app.common.jobfiles import Crontabs, Found, Options, Source, jobs_of_crontabs
from app.common.refusals import in_words

SAMPLES = Path(__file__).parents[3] / "data" / "crontabs"
ME = "me"


def homes(user: str | None) -> str | None:
    return {ME: "/home/me", None: "/nobody"}.get(user)


def read_all(text: str, name: str = "/etc/cron.d/x", *, system: bool = False, **options) -> Crontabs:
    return jobs_of_crontabs([Source(name, text, system)], Options(**{"user": ME, "home": homes, **options}))


def read(text: str, name: str = "/etc/cron.d/x", **options) -> list[Found]:
    """The lines that are jobs; all of them must be."""
    found = [found for _, found in read_all(text, name, **options).found]
    assert not [each.errors for each in found if each.errors]
    return found


def job(text: str, **options):
    (found,) = read(text, **options)
    return found.job


def samples() -> list[Found]:
    sources = [Source("/etc/crontab", (SAMPLES / "crontab").read_text(), True)]
    for path in sorted((SAMPLES / "cron.d").iterdir()):
        sources.append(Source(f"/etc/cron.d/{path.name}", path.read_text(), True))
    sources.append(Source("user", (SAMPLES / "user").read_text(), False))
    return [
        found for _, found in jobs_of_crontabs(sources, Options(timezone="UTC", user=ME)).found if found.job
    ]


class TestNames:
    def test_are_what_a_person_would_say(self):
        names = [found.name for found in samples()]
        assert names[:10] == [
            "etc-crontab-cron.hourly",
            "etc-crontab-cron.daily",
            "etc-crontab-cron.weekly",
            "etc-crontab-cron.monthly",
            "certificates-certs",
            "certificates-notify",
            "sessions-sessionclean",
            "sessions-check",
            "statistics-collect",
            "statistics-collect-083393",
        ]
        assert len(set(names)) == len(names) == 24

    def test_are_the_same_on_every_import(self):
        assert samples() == samples()

    def test_survive_a_new_schedule_and_new_lines_around(self):
        before = read("1 1 * * * a one\n2 2 * * * a two\n", "c")
        after = read("5 5 * * * other\n9 9 * * * a one\n3 3 * * * a three\n2 3 * * * a two\n", "c")
        by_command = {found.job.command: found.name for found in after}
        assert [by_command[found.job.command] for found in before] == [found.name for found in before]

    def test_of_the_same_command_twice_differ(self):
        names = [found.name for found in read("1 1 * * * a\n2 2 * * * a\n3 3 * * * a\n", "c")]
        assert len(set(names)) == 3

    def test_carry_the_prefix(self):
        assert job("1 1 * * * /opt/backup", name="web", prefix="host1-").name == "host1-web-backup"

    @pytest.mark.parametrize(
        ("command", "program"),
        [
            ("/usr/bin/python3 -u /opt/report.py --x", "report.py"),
            ("nice -n 19 ionice -c3 /opt/backup", "backup"),
            ("A=1 B=2 /opt/x >/dev/null 2>&1", "x"),
            ("cd / && [ -x /y ] && /y -q || true", "true"),
            ("if [ -d /a ]; then /opt/b; fi", "b"),
            ("/usr/sbin/invoke-rc.d anacron start >/dev/null", "anacron"),
            ("echo '日本' | 程序", "程序"),
        ],
    )
    def test_name_the_program(self, command, program):
        assert job(f"1 1 * * * {command}", name="c").name == f"c-{program}"

    def test_are_valid_for_whatever_a_line_holds(self):
        lines = read("1 1 * * * $((1+2))\n1 1 * * * " + "x" * 500 + "\n1 1 * * * ''\n", "/tmp/.=?")
        assert len({found.name for found in lines}) == 3

    @pytest.mark.parametrize(
        "command",
        ["env " * 50_000, "1" * 200_000, ">" + " " * 200_000, f"x%{'INPUT' + '_' * 200_000}"],
        ids=["wrappers", "digits", "blanks", "input"],
    )
    def test_a_long_line_takes_no_time(self, command):
        began = time.process_time()
        assert read_all(f"1 1 * * * {command}\n" * 3, "c").found
        assert time.process_time() - began < 2


class TestCommands:
    def test_text_for_standard_input_arrives_as_it_did_with_cron(self, tmp_path):
        out = tmp_path / "out"
        made = job(f"* * * * * tr a-z A-Z | tee {out} >/dev/null; exit 3%it's 10 \\%%%INPUT%$HOME `x` \\n%")
        code = subprocess.run([made.shell, "-c", made.command], stdin=subprocess.DEVNULL).returncode
        assert code == 3
        assert out.read_text() == "IT'S 10 %\n\nINPUT\n$HOME `X` \\N\n"

    def test_empty_standard_input(self):
        made = job("* * * * * wc -c%")
        answer = subprocess.run([made.shell, "-c", made.command], capture_output=True, text=True)
        assert answer.stdout.strip() == "0"

    def test_a_command_that_ends_with_a_comment_keeps_its_input(self):
        made = job("* * * * * cat # comment%hello")
        answer = subprocess.run([made.shell, "-c", made.command], capture_output=True, text=True)
        assert answer.stdout == "hello\n"

    def test_input_for_a_shell_that_has_no_here_documents_is_refused(self):
        ((_, refused), (_, good)) = read_all("SHELL=/usr/bin/fish\n* * * * * cat%x\n* * * * * ls", "f").found
        assert (refused.where, refused.job) == ("line 2", None)
        assert refused.errors == (
            ("command", "text behind % for standard input cannot be kept with SHELL=/usr/bin/fish"),
        )
        assert good.job.shell == "/usr/bin/fish"

    def test_cron_defaults(self):
        made = job("* * * * * x")
        assert made.shell == "/bin/sh"
        assert made.cwd == "/home/me"

    def test_a_home_that_nobody_knows_is_left_to_the_worker(self):
        assert job("* * * * * x", home=lambda user: None).cwd is None

    def test_environment_is_carried_over_but_for_what_cron_alone_uses(self):
        result = read_all(
            "MAILTO=a\nPATH=/x\nHOME=/srv\nSHELL=/bin/bash\nRANDOM_DELAY=5\nA-B=1\n* * * * * x", "f"
        )
        made = result.found[0][1].job
        assert made.env == {"PATH": "/x", "HOME": "/srv"}
        assert (made.cwd, made.shell) == ("/srv", "/bin/bash")
        assert result.notes == [
            "f: MAILTO is not used: output is kept with each run, not mailed",
            "f: A-B, RANDOM_DELAY is ignored",
        ]

    def test_zones(self):
        text = "1 1 * * * a\nCRON_TZ=Asia/Tokyo\n1 1 * * * b\n"
        assert [found.job.timezone for found in read(text, timezone="Europe/Berlin")] == [
            "Europe/Berlin",
            "Asia/Tokyo",
        ]

    def test_what_the_server_would_refuse_is_reported_with_its_line(self):
        result = read_all(
            "CRON_TZ=Mars/Base\n1 1 * * * a\nCRON_TZ=UTC\n61 * * * * b\n0 0 30 2 * c\nSHELL=sh\n* * * * * d",
            "f",
        )
        found = [found for _, found in result.found]
        assert [(each.where, each.errors[0][0], each.job) for each in found] == [
            ("line 2", "timezone", None),
            ("line 4", "cronExpr", None),
            ("line 5", "cronExpr", None),
            ("line 7", "shell", None),
        ]

    def test_lines_that_are_none_stand_where_they_are(self):
        result = read_all("@reboot a\n1 1 * * * good\nrubbish", "f")
        assert [(source, found.where, found.name) for source, found in result.found] == [
            ("f", "line 1", ""),
            ("f", "line 2", "f-good"),
            ("f", "line 3", ""),
        ]
        assert in_words(result.found[2][1].errors).endswith("five time fields and a command: rubbish")


class TestUsers:
    def test_lines_of_root_and_oneself_are_enabled(self):
        lines = read(f"* * * * * root a\n* * * * * {ME} b", system=True)
        assert [found.job.enabled for found in lines] == [True, True]

    def test_lines_of_others_are_paused_and_say_why(self):
        (found,) = read("* * * * * www-data /opt/x", system=True)
        assert not found.job.enabled
        assert "www-data" in found.job.description
        assert "paused" in found.notes[0]

    @pytest.mark.parametrize("user", ["nobody", None])
    def test_a_line_of_root_says_when_it_loses_root(self, user):
        (found,) = read("* * * * * root /opt/x", system=True, user=user)
        assert found.notes == ("runs as the worker's user; cron ran it as root",)


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata"])
def test_a_thousand_fires_of_each_sample_equal_those_of_an_independent_cron(zone):
    start = datetime(2027, 2, 27, 22, 59, 30, tzinfo=UTC).astimezone(ZoneInfo(zone))
    for found in samples():
        schedule = found.job.model_copy(update={"timezone": zone}).schedule("UTC")
        # Ours end with the year 2099.
        theirs = list(islice(CronSim(_expanded(found.job.cron_expr), start), 1000))
        theirs = [fire for fire in theirs if fire.year < 2100]
        ours = list(islice(fires(schedule, start), 1000))
        assert ours == theirs, found.job.cron_expr
        assert len(ours) > 70


def fires(schedule, start):
    after = int(start.timestamp() * 1000)
    while (after := schedule.next(after)) is not None:
        yield datetime.fromtimestamp(after / 1000, start.tzinfo)


def _expanded(expression: str) -> str:
    return {
        "@hourly": "0 * * * *",
        "@midnight": "0 0 * * *",
        "@weekly": "0 0 * * 0",
        "@monthly": "0 0 1 * *",
        "@yearly": "0 0 1 1 *",
    }.get(expression, expression)
