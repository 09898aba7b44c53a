"""What every master does in the background: prepare the store, make the first account, move the audit's
outbox.
"""

import logging
import threading
import time
from collections.abc import Callable

from app.common.errors import CronError
from app.common.logstore import AuditEntry, LogStore
from app.common.metrics.master import AUDIT_MOVED
from app.common.settings import MasterSettings
from app.master.problems import Problem
from app.master.services.accounts.users import ADMIN, Users
from app.master.services.audit import Audit
from app.master.services.job_index import JobIndex

log = logging.getLogger(__name__)

POLL_SECONDS = 1.0
MAX_BACKOFF_SECONDS = 30.0
PRUNE_SECONDS = 3600.0
GONE_MS = 86_400_000  # without rows: workers may still have some to store for a while after a delete
STATES_AT_ONCE = 500


class Housekeeping:
    """A thread that retries for ever, with back-off: masters start and live on while etcd or the store is
    away.
    """

    def __init__(
        self,
        settings: MasterSettings,
        store: LogStore,
        users: Users,
        audit: Audit,
        index: JobIndex,
        now: Callable[[], int],
    ) -> None:
        self._settings, self._store, self._users = settings, store, users
        self._audit, self._index, self._now = audit, index, now
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="housekeeping", daemon=True)
        self._prune_at = 0.0

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    def _run(self) -> None:
        todo = [self._first_account, self._store.prepare]
        backoff = POLL_SECONDS
        while not self._stopping.is_set():
            try:
                while todo:
                    todo[0]()
                    todo.pop(0)
                pause = 0.0 if self._audit.move(self._forget_deleted) else POLL_SECONDS
                self._prune_now_and_then()
                backoff = POLL_SECONDS
            except (CronError, Problem) as error:
                log.warning("Housekeeping waits: %s", error, extra={"action": "housekeeping"})
                pause = backoff
                backoff = min(backoff * 2, MAX_BACKOFF_SECONDS)
            self._stopping.wait(pause)

    def _first_account(self) -> None:
        password = self._settings.admin_password
        if password is not None:
            if self._users.create_first(password.get_secret_value()):
                log.warning("Made the first account %r.", ADMIN, extra={"action": "first-account"})
        elif not self._users.any():
            log.error(
                "There are no accounts, so nobody can sign in. "
                "Set YUANYA_ADMIN_PASSWORD and start a master again.",
                extra={"action": "no-accounts"},
            )

    def _forget_deleted(self, entries: list[AuditEntry]) -> None:
        AUDIT_MOVED.inc(len(entries))
        for entry in entries:
            if entry.action == "job.delete" and self._index.get(entry.target) is None:
                self._store.forget_job(entry.target)

    def _prune_now_and_then(self) -> None:
        if time.monotonic() >= self._prune_at:
            self._prune_at = time.monotonic() + PRUNE_SECONDS
            removed = self._store.prune(self._now())
            if removed:
                log.info("Removed %d rows past their time.", removed, extra={"action": "prune"})
            self._forget_gone()

    def _forget_gone(self) -> None:
        """States of jobs deleted by hand, and those that a run which ended after the delete brought back."""
        if not self._index.mirror.revision:
            return
        gone = [name for name, _, _ in self._store.last_rows() if self._index.get(name) is None]
        for start in range(0, len(gone), STATES_AT_ONCE):
            for name, state in self._store.job_states(gone[start : start + STATES_AT_ONCE]).items():
                if state.last_plan_time < self._now() - GONE_MS and self._index.get(name) is None:
                    self._store.forget_job(name)
