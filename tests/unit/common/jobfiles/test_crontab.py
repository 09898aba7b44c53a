"""Crontabs are read as Debian's cron 3.0pl1 reads them; where crontab(5) is silent, its daemon was asked."""

import time

import pytest

from app.common.jobfiles import TextError
from app.common.jobfiles.crontab import MAX_VARIABLES, Crontab, parse, split_percent


def user(text: str) -> Crontab:
    return parse(text, system=False)


def only(text: str, *, system: bool = False):
    crontab = parse(text, system=system)
    assert not crontab.problems
    assert len(crontab.entries) == 1
    return crontab.entries[0]


class TestLines:
    def test_five_fields_and_a_command(self):
        entry = only("*/5  0-3\t1,15 jan MON   echo  a   b")
        assert entry.schedule == "*/5 0-3 1,15 jan MON"
        assert entry.command == "echo  a   b"
        assert entry.user is None
        assert entry.stdin is None

    def test_blank_lines_and_comments_are_nothing(self):
        assert user("\n   \n# x\n\t # 1 2 3 4 5 echo\n") == Crontab()

    def test_a_hash_inside_a_command_is_part_of_it(self):
        assert only("* * * * * echo a # b").command == "echo a # b"

    def test_leading_blanks_do_not_count(self):
        assert only(" \t* * * * * echo").command == "echo"

    def test_lines_are_numbered_from_one(self):
        assert [e.line for e in user("# a\n\n* * * * * x\n* * * * * y").entries] == [3, 4]

    def test_windows_line_ends_and_a_byte_order_mark_are_not_part_of_anything(self):
        entry = only("\ufeffA=1\r\n* * * * * echo\r\n")
        assert entry.command == "echo"
        assert entry.environment == {"A": "1"}

    def test_other_line_separators_are_ordinary_text(self):
        assert only("* * * * * echo a\x0bb\u2028c").command == "echo a\x0bb\u2028c"

    def test_the_system_format_has_a_user(self):
        entry = only("1 2 3 4 5 \t www-data \t cmd arg", system=True)
        assert (entry.schedule, entry.user, entry.command) == ("1 2 3 4 5", "www-data", "cmd arg")

    def test_a_dash_for_no_logging_is_dropped(self):
        assert only("-*/15 * * * * root test", system=True).schedule == "*/15 * * * *"
        assert only("-@daily x").schedule == "@daily"

    @pytest.mark.parametrize(
        "macro", ["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"]
    )
    def test_macros(self, macro):
        assert only(f"{macro} \t echo x").schedule == macro
        entry = only(f"{macro} root echo x", system=True)
        assert (entry.user, entry.command) == ("root", "echo x")


class TestBounds:
    def test_more_lines_than_asked_for_are_refused(self):
        text = "* * * * * a\nnonsense\nX=1\n* * * * * b\n"
        assert len(parse(text, system=False, max_jobs=3).entries) == 2
        with pytest.raises(TextError, match="line 4: more than 2 jobs"):
            parse(text, system=False, max_jobs=2)

    def test_a_long_value_takes_no_time(self):
        began = time.process_time()
        environment = only(f"A=x{' ' * 200_000}y \n* * * * * a").environment
        assert len(environment["A"]) == 200_002
        assert time.process_time() - began < 2


class TestProblems:
    @pytest.mark.parametrize(
        ("line", "word"),
        [
            ("@reboot echo", "@reboot cannot be imported"),
            ("@Daily echo", "@Daily is not known"),
            ("@every 5m echo", "@every is not known"),
            ("@daily", "command is missing"),
            ("* * * * *", "five time fields and a command"),
            ("hello", "neither NAME=value"),
            ('A="unbalanced', "neither NAME=value"),
            ("A='x' y", "neither NAME=value"),
            ("* * * * * %only input", "command is empty"),
        ],
    )
    def test_each_is_reported_with_its_line(self, line, word):
        crontab = user(f"# first\n{line}\n* * * * * echo good")
        assert [(p.line, p.text) for p in crontab.problems] == [(2, line)]
        assert word in crontab.problems[0].reason
        assert [e.command for e in crontab.entries] == ["echo good"]

    def test_a_system_line_without_a_command(self):
        crontab = parse("* * * * * root\n", system=True)
        assert "user name or the command is missing" in crontab.problems[0].reason


class TestEnvironment:
    def test_it_applies_to_the_lines_below(self):
        first, second, third = user("* * * * * a\nX=1\n* * * * * b\nX=2\nY=3\n* * * * * c").entries
        assert first.environment == {}
        assert second.environment == {"X": "1"}
        assert third.environment == {"X": "2", "Y": "3"}

    def test_lines_that_have_the_same_share_it(self):
        entries = user("X=1\n" + "* * * * * a\n" * 3).entries
        assert len({id(entry.environment) for entry in entries}) == 1

    def test_more_variables_than_anybody_needs_are_refused(self):
        fits = "".join(f"V{n}=x\n" for n in range(MAX_VARIABLES))
        assert len(only(f"{fits}V0=y\n* * * * * a").environment) == MAX_VARIABLES
        with pytest.raises(TextError, match=f"line {MAX_VARIABLES + 1}: more than"):
            user(f"{fits}W=x\n* * * * * a")

    @pytest.mark.parametrize(
        ("line", "name", "value"),
        [
            ("A=b", "A", "b"),
            ("  A  =  b c  ", "A", "b c"),
            ('A = it\'s "quoted" mid  ', "A", 'it\'s "quoted" mid'),
            ('A="b "', "A", "b "),
            ("A=' lead'  ", "A", " lead"),
            ('"A"=b', "A", "b"),
            ("A = b # c", "A", "b # c"),
            ("A=b%c\\%d", "A", "b%c\\%d"),
            ("A=$HOME/x:~", "A", "$HOME/x:~"),
            ('MAILTO=""', "MAILTO", ""),
            ("A=", "A", ""),
            ("A==b", "A", "=b"),
        ],
    )
    def test_assignments(self, line, name, value):
        assert only(f"{line}\n* * * * * x").environment == {name: value}

    @pytest.mark.parametrize("line", ["* * * * * A=b cmd", "@daily A=b cmd", "1 2 3 4 5 x=y"])
    def test_an_equal_sign_in_a_command_makes_no_assignment(self, line):
        assert only(line).environment == {}


class TestPercent:
    """The expectations are what the daemon of Debian 12 passed on."""

    @pytest.mark.parametrize(
        ("text", "command", "stdin"),
        [
            ("date +\\%Y", "date +%Y", None),
            ("printf '[\\%s]' a\\\\b a\\n 'a\\\\\\%z'", "printf '[%s]' a\\b a\\n 'a\\%z'", None),
            ("cat%one%two \\% \\\\ \\x%%", "cat", "one\ntwo % \\\\ \\x\n\n"),
            ("cat%", "cat", ""),
            ("cat%no newline\\", "cat", "no newline\\\n"),
            ("cat%a\\\\%b\\\\\\%c", "cat", "a\\%b\\\\%c\n"),
            ("cat \\\\%x", "cat \\", "x\n"),
            ("a b", "a b", None),
            ("trailing\\", "trailing\\", None),
        ],
    )
    def test_commands_and_their_input(self, text, command, stdin):
        assert split_percent(text) == (command, stdin)
