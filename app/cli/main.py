"""`yuanya`: the command line. Errors raised on purpose end here, as lines on stderr and an exit code."""

import inspect
import sys
from typing import Annotated, Any, NoReturn

import typer
from rich.text import Text
from typer.core import TyperGroup

from app.cli.commands import backup, doctor, import_crontab, job, ledger, login, restore, roles, up, workers
from app.cli.output import err
from app.cli.terminal import plain
from app.common.errors import CronError, SettingsError

FAILED, USAGE = 1, 2
INTERRUPTED = 130

EPILOG = "Exit codes: 0 done, 1 failed or refused, 2 wrong usage or settings."


class Root(TyperGroup):
    """Turns errors into words. A traceback means a fault of the program."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except SettingsError as error:
            fail(error, USAGE)
        except CronError as error:
            fail(error, FAILED)
        except BrokenPipeError:  # the reader, such as `head`, has seen enough
            sys.stderr.close()
            raise SystemExit(FAILED) from None
        except KeyboardInterrupt:
            raise SystemExit(INTERRUPTED) from None


def fail(error: CronError, code: int) -> NoReturn:
    for line in str(error).splitlines():
        err.print(Text(plain(line)), soft_wrap=True)
    raise SystemExit(code)


app = typer.Typer(
    cls=Root,
    help="Yuanya Crontab: a distributed cron. Start with: [bold]yuanya up[/bold]",
    epilog=EPILOG,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(version("yuanya-crontab"))
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    pass


app.command("up")(up.up)
app.command("master")(roles.master)
app.command("worker")(roles.worker)
app.command("login")(login.login)
app.command("logout")(login.logout)
app.add_typer(job.app, name="job")
app.add_typer(workers.app, name="workers")
app.command("ledger")(ledger.ledger)
app.command("doctor")(doctor.doctor)
app.command("backup")(backup.backup)
app.command("restore")(restore.restore)
app.command("import-crontab")(import_crontab.import_crontab)


def _let_help_flow(of: typer.Typer) -> None:
    """Lines of a docstring are no lines of the terminal: only its paragraphs are kept apart."""
    for command in of.registered_commands:
        paragraphs = inspect.cleandoc(command.help or command.callback.__doc__ or "").split("\n\n")
        command.help = "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)
    for group in of.registered_groups:
        if group.typer_instance is not None:
            _let_help_flow(group.typer_instance)


_let_help_flow(app)

if __name__ == "__main__":
    app()
