"""Every error the application raises on purpose: one base, one family per subsystem.

The message of each is written for the person who reads it: what is wrong, and what to do next.
"""


class CronError(Exception):
    """Base of all errors raised on purpose."""


class SettingsError(CronError):
    """A setting is missing, malformed or unsafe."""


class FieldError(CronError):
    """A value given by a user is refused.

    `field` is the JSON name of the offending field, so that a form can show the message beside it.
    """

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


class ScheduleError(FieldError):
    """A cron expression or a time zone is refused (`field` is `cronExpr` or `timezone`)."""


class EtcdError(CronError):
    """etcd answered with an error that a retry of the same request will not cure."""


class EtcdUnavailable(EtcdError):
    """No etcd endpoint answered in time. Whether a write took effect is unknown."""


class LeaseNotFound(EtcdError):
    """The lease has expired or was revoked."""


class StoreError(CronError):
    """The log store refused a request that a retry will not cure."""


class StoreUnavailable(StoreError):
    """The log store did not answer in time. Whether a write took effect is unknown; writes are idempotent."""


class WorkerError(CronError):
    """A worker cannot start or go on."""


class EmbeddedError(CronError):
    """The embedded system cannot start: a taken port, a data directory in use, a missing binary."""


class BackupError(CronError):
    """A backup cannot be taken, or is not one that can be restored here."""
