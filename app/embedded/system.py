"""`yuanya up`: start everything in order, keep it running, stop it in the opposite order."""

import contextlib
import json
import shutil
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from rich.console import Console
from rich.markup import escape

from app.common import keys
from app.common.errors import EmbeddedError
from app.embedded import data_dir, etcd, link, ports
from app.embedded.process import Child, adopt_orphans, end_orphans

WORKER_ID = "local"
READY_SECONDS = 60
CRASHES, CRASH_WINDOW = 5, 60.0  # so many deaths of one child in so many seconds end the system
MAX_BACKOFF = 8.0  # seconds
LITTLE_SPACE = 192 * 1024**2  # bytes; etcd alone lays out two files of 64 MiB when it starts
BAD_SETTINGS = 2  # exit code of a role whose settings are refused: starting it again will not help
TICK = 1.0  # seconds between looks at the children when nothing happens

_STOP = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True)
class Options:
    data_dir: Path
    host: str = "127.0.0.1"
    port: int = 8000
    etcd_port: int = 2379
    metrics_port: int = 9101
    program: str = "yuanya"  # how its user calls it

    @property
    def url(self) -> str:
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self.host, self.host)  # noqa: S104
        return f"http://{f'[{host}]' if ':' in host and not host.startswith('[') else host}:{self.port}"


class StopRequested(Exception):
    """SIGINT, SIGTERM or SIGHUP came."""


@dataclass
class Supervised:
    child: Child
    deaths: deque[float] = field(default_factory=lambda: deque(maxlen=CRASHES))
    restart_at: float | None = None


class Embedded:
    """Runs until a signal asks it to stop, or a child cannot be kept running (EmbeddedError)."""

    def __init__(self, options: Options, console: Console) -> None:
        self.options = options
        self.console = console
        self._supervised: list[Supervised] = []

    def run(self) -> None:
        options = self.options
        data_dir.prepare(options.data_dir)
        with self._signals_blocked(), data_dir.lock(options.data_dir) as lock:
            ports.check(options.host, options.port, "web", "--port")
            ports.check("127.0.0.1", options.etcd_port, "etcd", "--etcd-port")
            if options.metrics_port:
                ports.check("127.0.0.1", options.metrics_port, "worker metrics", "--metrics-port")
            binary = etcd.find_binary()
            password, is_new = data_dir.admin_password(options.data_dir / "admin-password")
            store, master, worker = self._children(binary, password, lock.fileno())
            adopt_orphans()
            try:
                self._start(store)
                self._wait("Starting etcd", lambda: etcd.healthy(options.etcd_port))
                self._start(master)
                self._start(worker)
                self._wait(
                    "Starting master and worker", lambda: self._master_ready() and self._worker_ready(worker)
                )
                self._announce(password, is_new, binary)
                while True:
                    self._pause(TICK)
            except StopRequested:
                self.console.print("Stopping ...")
            finally:
                self._stop()

    def _children(self, binary: etcd.Binary, password: str, lock: int) -> tuple[Child, Child, Child]:
        options, home = self.options, self.options.data_dir
        shared = {
            "YUANYA_ETCD_ENDPOINTS": json.dumps([etcd.url(options.etcd_port)]),
            "YUANYA_STORE_URL": f"sqlite:///{home / 'runs.db'}",
        }
        as_master = shared | {
            "YUANYA_HOST": options.host,
            "YUANYA_PORT": str(options.port),
            "YUANYA_ADMIN_PASSWORD": password,
            "YUANYA_COOKIE_SECURE": "false",
        }
        as_worker = shared | {
            "YUANYA_WORKER_ID": WORKER_ID,
            "YUANYA_DATA_DIR": str(home / "worker"),
            "YUANYA_JOB_SECRETS_DIR": str(data_dir.job_secrets(home)),
            "YUANYA_STOP_TIMEOUT_SECONDS": "2",
            "YUANYA_METRICS_PORT": str(options.metrics_port),
        }
        python = [sys.executable, "-m", "app.cli.main"]
        held = [lock]
        flags = etcd.arguments(binary, home / "etcd", options.etcd_port)
        # All three stops together stay within 10 s. If this process is killed, etcd ends with it, and a
        # worker asked to stop would wait for etcd; when it is killed, its executors end the commands at once.
        return (
            Child("etcd", flags, home / "etcd.log", 1, {}, held),
            Child("master", [*python, "master"], home / "master.log", 2, as_master, held),
            Child("worker", [*python, "worker"], home / "worker.log", 6, as_worker, held, signal.SIGKILL),
        )

    def _start(self, child: Child) -> None:
        child.start()
        self._supervised.append(Supervised(child))

    def _wait(self, what: str, ready: Callable[[], bool]) -> None:
        deadline = time.monotonic() + READY_SECONDS
        with self.console.status(f"{what} ..."):
            while not ready():
                if time.monotonic() > deadline:
                    logs = ", ".join(str(s.child.log) for s in self._supervised)
                    raise EmbeddedError(f"{what}: not ready after {READY_SECONDS} s. See {logs}")
                self._pause(0.05)

    def _master_ready(self) -> bool:
        try:
            answer = httpx.get(f"{self.options.url}/readyz", timeout=3, trust_env=False)
            return answer.is_success
        except httpx.HTTPError:
            return False

    def _worker_ready(self, worker: Child) -> bool:
        """Registered by this process, not by the one of an earlier start whose lease has not run out."""
        registration = etcd.value(self.options.etcd_port, keys.worker(WORKER_ID))
        with contextlib.suppress(ValueError, AttributeError):
            return bool(json.loads(registration or b"{}").get("pid") == worker.pid)
        return False

    def _announce(self, password: str, is_new: bool, binary: etcd.Binary) -> None:
        home, say = self.options.data_dir, self.console.print
        built = link.console_is_built(self.options.url)
        way_in = link.sign_in_link(self.options.url, password) if built else None
        file = escape(str(home / "admin-password"))
        say(
            f"[bold green]Yuanya Crontab is ready:[/] [bold]{escape(self.options.url)}[/]   (Ctrl-C stops it)"
        )
        if way_in:
            say(
                f"  open     [bold]{escape(way_in)}[/] (works once, within 10 minutes)",
                soft_wrap=True,
                highlight=False,
            )
        if is_new:
            shown = f"[bold]{escape(password)}[/] (kept in {file})"
            say(f"  account  admin, password {shown}", soft_wrap=True)
            login = f"{escape(self.options.program)} login --url {self.options.url} --password-file {file}"
            say(f"  next     {login}", soft_wrap=True)
        else:
            say(f"  account  admin, password in {file}", soft_wrap=True)
        say(f"  data     {escape(str(home))}, with the logs of etcd, master and worker", soft_wrap=True)
        if not built:
            say("  [yellow]note[/]     the web console is not built: make console", soft_wrap=True)
        if self.options.host not in ("127.0.0.1", "localhost", "::1"):
            say("  [yellow]note[/]     others can reach it, and passwords travel unencrypted", soft_wrap=True)
        if binary.warning:
            say(f"  [yellow]note[/]     {escape(binary.warning)}", soft_wrap=True)

    @contextlib.contextmanager
    def _signals_blocked(self) -> Iterator[None]:
        """Signals wait until `_pause` takes them, so that none can interrupt a start or a stop half-way."""
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {*_STOP, signal.SIGCHLD})
        try:
            yield
        finally:
            while signal.sigtimedwait({*_STOP, signal.SIGCHLD}, 0):  # repeated ones: it has stopped by now
                pass
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def _pause(self, seconds: float) -> None:
        """Wait, but for no longer than until a child ends. Raises StopRequested."""
        due = [s.restart_at - time.monotonic() for s in self._supervised if s.restart_at is not None]
        came = signal.sigtimedwait({*_STOP, signal.SIGCHLD}, max(0.0, min([seconds, *due])))
        if came is not None and came.si_signo in _STOP:
            raise StopRequested
        for supervised in self._supervised:
            supervised.child.bound_log()
            self._keep_running(supervised, time.monotonic())

    def _keep_running(self, supervised: Supervised, now: float) -> None:
        child = supervised.child
        if supervised.restart_at is not None:
            if now >= supervised.restart_at:
                supervised.restart_at = None
                if child.name == "worker":
                    end_orphans(self._pids())
                child.start()
        elif (code := child.exit_code()) is not None:
            supervised.deaths.append(now)
            crash_loop = len(supervised.deaths) == CRASHES and now - supervised.deaths[0] < CRASH_WINDOW
            refused = code == BAD_SETTINGS and child.name != "etcd"  # which panics with the same code
            if crash_loop or refused:
                raise EmbeddedError(_obituary(child, code, len(supervised.deaths)) + self._disk_note())
            recent = sum(now - death < CRASH_WINDOW for death in supervised.deaths)
            backoff = min(MAX_BACKOFF, 0.5 * 2 ** (recent - 1))
            supervised.restart_at = now + backoff
            again = f"starting it again in {backoff:g} s. See {escape(str(child.log) + self._disk_note())}"
            self.console.print(f"[yellow]{child.name} {_ended(code)}[/]; {again}", soft_wrap=True)

    def _disk_note(self) -> str:
        """Said of every death on a nearly full disk: etcd's log buries that in a stack trace."""
        free = shutil.disk_usage(self.options.data_dir).free
        if free >= LITTLE_SPACE:
            return ""
        return (
            f"\nThe disk of {self.options.data_dir} has only {free // 1024**2} MiB free: "
            "free some space, or choose another with --data-dir"
        )

    def _pids(self) -> set[int]:
        return {s.child.pid for s in self._supervised if s.child.pid}

    def _stop(self) -> None:
        """The worker first, while it can still record what it ends; etcd last."""
        while self._supervised:
            child = self._supervised.pop().child
            child.stop()
            if child.name == "worker":
                end_orphans(self._pids())
        end_orphans(set(), seconds=0.5)


def _ended(code: int) -> str:
    return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"


def _obituary(child: Child, code: int, deaths: int) -> str:
    times = f", {deaths} times within a minute" if deaths > 1 else ""
    return f"{child.name} {_ended(code)}{times}. The end of {child.log}:\n{child.last_lines()}"
