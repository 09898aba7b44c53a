"""`yuanya` as its users have it: real processes, a real terminal where one is needed."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from typer.testing import CliRunner

from app.cli.main import app
from tests.harness.poll import free_port, wait_until

YUANYA = [sys.executable, "-m", "app.cli.main"]


def clean_environment() -> dict[str, str]:
    """Nothing of this machine's settings; with compiled modules, as users have them."""
    left_out = ("YUANYA_", "PYTHONDONTWRITEBYTECODE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
    return kept | {"COLUMNS": "200"}


class Up:
    """`yuanya up` on a directory and ports of its own."""

    def __init__(self, directory: Path) -> None:
        self.data = directory / "data"
        self.output = directory / "output"
        self.config = directory / "config"
        self.ports = {name: free_port() for name in ("--port", "--etcd-port", "--metrics-port")}
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.ports['--port']}"

    def arguments(self, **changed: object) -> list[str]:
        options = {"--data-dir": self.data, **self.ports, **changed}
        return [*YUANYA, "up", *(str(part) for pair in options.items() for part in pair)]

    def start(self, *, wait: bool = True, **environment: str) -> None:
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                self.arguments(),
                stdout=output,
                stderr=output,
                env=clean_environment() | environment,
                start_new_session=True,
            )
        if wait:
            self.wait()

    def wait(self) -> None:
        assert self.process is not None
        ready = lambda: "is ready" in self.said() or self.process.poll() is not None  # noqa: E731
        wait_until(ready, what="the start of the system")
        assert self.process.poll() is None, self.said() + self.log("master") + self.log("worker")

    def said(self) -> str:
        return self.output.read_text()

    def log(self, child: str) -> str:
        file = self.data / f"{child}.log"
        return file.read_text() if file.exists() else ""

    def second(self, **changed: object) -> subprocess.CompletedProcess[str]:
        """Another `yuanya up` that ends by itself."""
        return subprocess.run(
            self.arguments(**changed), capture_output=True, text=True, timeout=60, env=clean_environment()
        )

    def processes(self) -> list[int]:
        """Everything alive that belongs to it: children, their children, and commands."""
        marks = [f"{self.data}/".encode(), f"{self.data}\0".encode()]
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                content = (entry / "environ").read_bytes() + (entry / "cmdline").read_bytes()
                zombie = "\nState:\tZ" in (entry / "status").read_text()
            except OSError:
                continue
            if any(mark in content for mark in marks) and not zombie and int(entry.name) != os.getpid():
                found.append(int(entry.name))
        return found

    def stop(self, number: int = signal.SIGINT) -> int:
        """Ask it to stop; returns the exit code."""
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(30)

    def end(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.stop()
        for pid in self.processes():
            os.kill(pid, signal.SIGKILL)

    def login(self) -> None:
        done = self.yuanya("login", "--url", self.url, "--password-file", self.data / "admin-password")
        assert done.returncode == 0, done.stderr

    def yuanya(self, *arguments: object, stdin: str = "", **environment: str):
        """A client command of the account admin, in this process: starting Python takes most of its time."""
        removed = {name: None for name in os.environ if name.startswith("YUANYA_")}
        result = CliRunner().invoke(
            app,
            [*map(str, arguments)],
            input=stdin,
            env={**removed, "COLUMNS": "200", "XDG_CONFIG_HOME": str(self.config), **environment},
        )
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return subprocess.CompletedProcess([], result.exit_code, result.stdout, result.stderr)

    def environment(self) -> dict[str, str]:
        """For a client command in a process of its own."""
        return clean_environment() | {"XDG_CONFIG_HOME": str(self.config)}

    def ok(self, *arguments: object, stdin: str = "") -> str:
        """What a client command printed; it must succeed."""
        done = self.yuanya(*arguments, stdin=stdin)
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout
