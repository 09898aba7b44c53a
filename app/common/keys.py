"""The etcd key space. Pure: names in, keys out, and back.

| prefix | value | lease | written by |
|---|---|---|---|
| `/cron/jobs/<name>` | job JSON | no | master |
| `/cron/fired/<name>` | the cursor: plan of the last claimed fire | no; deleted job: 1 day | claim, master |
| `/cron/lock/<name>` | run id of the run in progress | worker's | claim |
| `/cron/running/<worker>/<runId>` | open record | no | claim |
| `/cron/workers/<worker>` | registration | worker's | worker |
| `/cron/killer/<name>` | kill order | 60 s | master |
| `/cron/orders/<name>/<orderId>` | order to run a job now | no, carries its expiry | master, recovery |
| `/cron/tail/<runId>` | somebody is watching this run's output | 30 s | master |
| `/cron/drain/<worker>` | this worker takes no new runs | no | master |
| `/cron/audit/<id>` | audit entry on its way to the log store | no | master, worker |
| `/cron/users/`, `/cron/tokens/`, `/cron/sessions/` | accounts; hashes only | sessions | master |
| `/cron/links/<digest>` | link that signs its user in, once | 10 min | master |
| `/cron/signins/<digest>` | refused sign-ins of one user, address or both | 15 min | master |
| `/cron/mark/jobs` | nothing; its revision is that of the last job write of any master | no | master |
"""

ROOT = "/cron/"
JOBS = "/cron/jobs/"
FIRED = "/cron/fired/"
LOCK = "/cron/lock/"
RUNNING = "/cron/running/"
WORKERS = "/cron/workers/"
KILLER = "/cron/killer/"
ORDERS = "/cron/orders/"
TAIL = "/cron/tail/"
DRAIN = "/cron/drain/"
AUDIT = "/cron/audit/"
USERS = "/cron/users/"
TOKENS = "/cron/tokens/"
SESSIONS = "/cron/sessions/"
LINKS = "/cron/links/"
SIGNINS = "/cron/signins/"
MARK = "/cron/mark/"
JOBS_MARK = "/cron/mark/jobs"


def job(name: str) -> str:
    return JOBS + name


def fired(name: str) -> str:
    return FIRED + name


def lock(name: str) -> str:
    return LOCK + name


def running(worker: str, run_id: str) -> str:
    return f"{RUNNING}{worker}/{run_id}"


def running_of(worker: str) -> str:
    """The prefix of one worker's open records."""
    return f"{RUNNING}{worker}/"


def worker(worker_id: str) -> str:
    return WORKERS + worker_id


def killer(name: str) -> str:
    return KILLER + name


def order(name: str, order_id: str) -> str:
    return f"{ORDERS}{name}/{order_id}"


def tail(run_id: str) -> str:
    return TAIL + run_id


def drain(worker_id: str) -> str:
    return DRAIN + worker_id


def audit(entry_id: str) -> str:
    return AUDIT + entry_id


def user(name: str) -> str:
    return USERS + name


def token(digest: str) -> str:
    return TOKENS + digest


def session(digest: str) -> str:
    return SESSIONS + digest


def link(digest: str) -> str:
    return LINKS + digest


def signins(digest: str) -> str:
    return SIGNINS + digest


def last_part(key: str) -> str:
    """The part behind the last slash: a job name, run id, worker id, order id or digest."""
    return key.rpartition("/")[2]


def worker_of_running(key: str) -> str:
    """The worker id in the key of an open record."""
    return key[len(RUNNING) :].partition("/")[0]


def job_of_order(key: str) -> str:
    """The job name in the key of an order."""
    return key[len(ORDERS) :].partition("/")[0]


def cursor(plan_ms: int) -> bytes:
    """A plan time as the value of `/cron/fired/<name>`: 13 digits, so that bytes compare as times do."""
    return b"%013d" % plan_ms
