"""What a worker needs of this host: its directory, its spool, its id, the port of its metrics."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from app.cli.doctor.findings import Check, Finding, ok, problem, warning
from app.cli.doctor.ports import Port, state_of
from app.common import keys, secret_files
from app.common.errors import EtcdUnavailable
from app.common.etcd import EtcdClient
from app.common.models import WorkerInfo
from app.common.settings import WorkerSettings

_MIB = 1024 * 1024


def checks(settings: WorkerSettings) -> Iterator[Check]:
    yield Check("data directory", lambda: data_directory(settings))
    yield Check("worker id", lambda: _id(settings))
    if settings.job_secrets_dir:
        yield Check("job secrets", lambda: _job_secrets(settings))
    if settings.metrics_port:
        yield Check("metrics port", lambda: _port(settings))


def data_directory(settings: WorkerSettings) -> Iterator[Finding]:
    """Whether it can be written, has room for the spool, and belongs to one worker."""
    subject, path = "data directory", settings.data_dir.absolute()
    existing = next(parent for parent in (path, *path.parents) if parent.exists())
    try:
        with tempfile.TemporaryFile(dir=existing):
            pass
    except OSError as error:
        yield problem(
            subject,
            f"{path} cannot be written: {error.strerror}",
            f"let the worker's user write {existing}; run this as that user",
        )
        return
    if existing != path:
        yield ok(subject, f"{path} will be made at the first start")
    elif path.stat().st_uid != os.geteuid():
        owner = path.stat().st_uid
        yield warning(
            subject, f"{path} belongs to user {owner}, not to this one", "run this as the worker's user"
        )
    else:
        running = " (a worker uses it now)" if _is_locked(path / "lock") else ""
        yield ok(subject, f"{path} can be written{running}")
    yield from _spool(settings, existing)


def _spool(settings: WorkerSettings, existing: Path) -> Iterator[Finding]:
    folder = settings.data_dir / "spool"
    used = sum(file.stat().st_size for file in folder.glob("*")) if folder.is_dir() else 0
    if used:
        yield warning(
            "spool",
            f"{used / _MIB:.1f} MiB of rows wait for the log store",
            "they are stored once it answers; if it does, look at the worker's log",
        )
    free = shutil.disk_usage(existing).free
    wanted = settings.spool_max_bytes - used
    if free < wanted:
        yield warning(
            "spool",
            f"{free / _MIB:.0f} MiB free, and it may need {wanted / _MIB:.0f} MiB more",
            "free some space, or lower YUANYA_SPOOL_MAX_BYTES",
        )
    else:
        yield ok("spool", f"{free / _MIB:.0f} MiB free on its disk")


def _is_locked(lock: Path) -> bool:
    """By the kernel's table: to try the lock could stop a worker that starts at this moment."""
    try:
        inode = f":{lock.stat().st_ino}"
        return any(
            "FLOCK" in line and line.split()[5].endswith(inode)
            for line in Path("/proc/locks").read_text().splitlines()
        )
    except OSError:
        return False


def _job_secrets(settings: WorkerSettings) -> Iterator[Finding]:
    """How many there are, and which a worker would refuse. Their values are thrown away."""
    subject, directory = "job secrets", settings.job_secrets_dir
    assert directory is not None
    try:
        names = sorted(entry.name for entry in directory.iterdir() if not entry.name.startswith("."))
    except OSError as error:
        advice = "make it, readable for the worker's group, or correct YUANYA_JOB_SECRETS_DIR"
        yield problem(subject, f"{directory}: {error.strerror}", advice)
        return
    for name in names:
        try:
            secret_files.read(directory, name)
        except secret_files.SecretFileError as error:
            yield warning(
                subject, str(error), "jobs that use it fail: chmod 640, and chgrp to the worker's group"
            )
    yield ok(subject, f"{len(names)} in {directory}")


def _id(settings: WorkerSettings) -> Iterator[Finding]:
    from app.worker.identity import is_alive_here, is_dead_predecessor

    subject, name = "worker id", settings.worker_id
    with closing(EtcdClient.from_settings(settings)) as client:
        try:
            found = client.get(keys.worker(name))
        except EtcdUnavailable:
            yield warning(subject, f"{name}: not looked up, no etcd answers", "see above")
            return
    if found is None:
        yield ok(subject, f"{name} is free")
        return
    try:
        info = WorkerInfo.model_validate_json(found.value)
    except ValueError:
        yield warning(subject, f"{keys.worker(name)} holds no registration", "etcdctl del it")
        return
    if is_alive_here(info):
        yield ok(subject, f"{name} runs here, process {info.pid}, {info.state}")
        if info.reason:
            yield warning(subject, f"{name} is {info.state}: {info.reason}", "see docs/troubleshoot.md")
    elif is_dead_predecessor(info):
        yield ok(subject, f"{name} was used by a process here that has ended; the next start takes it over")
    else:
        yield problem(
            subject,
            f"{name} is in use on {info.host}, process {info.pid}",
            "give this worker another YUANYA_WORKER_ID; of a host that died, wait until its lease has ended",
        )


def _port(settings: WorkerSettings) -> Iterator[Finding]:
    subject, host, port = "metrics port", settings.metrics_host, settings.metrics_port
    state = state_of(host, port, "/metrics")
    if state is Port.TAKEN:
        yield problem(
            subject, f"{host}:{port} is taken by another program", "choose another YUANYA_METRICS_PORT"
        )
    elif state is Port.CLOSED:
        yield problem(subject, f"{host} is no address of this host", "correct YUANYA_METRICS_HOST")
    else:
        yield ok(subject, f"{host}:{port} {'serves' if state is Port.SERVES else 'is free'}")
