"""All services of one master, made in one place."""

from dataclasses import dataclass

from app.common.etcd import EtcdClient
from app.common.logstore import LogStore
from app.common.settings import MasterSettings
from app.master.clock import Clock
from app.master.security.rate_limit import SignInLimit
from app.master.services.accounts.links import SignInLinks
from app.master.services.accounts.sessions import Sessions
from app.master.services.accounts.tokens import Tokens
from app.master.services.accounts.users import Users
from app.master.services.audit import Audit
from app.master.services.cluster_clock import ClusterClock
from app.master.services.events import Events
from app.master.services.housekeeping import Housekeeping
from app.master.services.job_index import JobIndex
from app.master.services.job_list import JobList, JobStates
from app.master.services.jobs import Jobs
from app.master.services.ledger import Ledger
from app.master.services.open_runs import OpenRuns
from app.master.services.orders import Orders
from app.master.services.run_stream import RunStreams
from app.master.services.runs import Runs
from app.master.services.stats import Stats
from app.master.services.upcoming import UpcomingFires
from app.master.services.workers import Workers


@dataclass(frozen=True, slots=True)
class Services:
    client: EtcdClient
    store: LogStore
    timezone: str
    now: Clock
    clock: ClusterClock
    audit: Audit
    users: Users
    tokens: Tokens
    sessions: Sessions
    links: SignInLinks
    index: JobIndex
    states: JobStates
    job_list: JobList
    jobs: Jobs
    workers: Workers
    runs: Runs
    orders: Orders
    run_streams: RunStreams
    ledger: Ledger
    stats: Stats
    upcoming: UpcomingFires
    events: Events
    housekeeping: Housekeeping

    def start(self) -> None:
        self.index.mirror.start()
        self.workers.mirror.start()
        self.housekeeping.start()
        self.upcoming.start()

    def stop(self) -> None:
        self.upcoming.stop()
        self.housekeeping.stop()
        self.index.mirror.stop()
        self.workers.mirror.stop()


def build(settings: MasterSettings, client: EtcdClient, store: LogStore, now: Clock) -> Services:
    zone = settings.timezone
    audit = Audit(client, store, now)
    users = Users(client, audit, now)
    index = JobIndex(client, zone)
    states = JobStates(store, now)
    workers = Workers(client, audit)
    limit = SignInLimit(client, now)
    sessions = Sessions(client, audit, limit, settings.session_hours, now)
    open_runs = OpenRuns(client)
    runs = Runs(store, open_runs)
    clock = ClusterClock(now, workers.time)
    return Services(
        client=client,
        store=store,
        timezone=zone,
        now=now,
        clock=clock,
        audit=audit,
        users=users,
        tokens=Tokens(client, audit, now),
        sessions=sessions,
        links=SignInLinks(client, audit, limit, sessions, now),
        index=index,
        states=states,
        job_list=JobList(index, states, now),
        jobs=Jobs(client, index, audit, zone, clock),
        workers=workers,
        runs=runs,
        orders=Orders(client, open_runs, workers, audit, zone, clock),
        run_streams=RunStreams(client, store, runs),
        ledger=Ledger(client, store, index, open_runs, audit, zone, now),
        stats=Stats(index, states, store, open_runs, workers, now),
        upcoming=UpcomingFires(index, now),
        events=Events(index, workers, store),
        housekeeping=Housekeeping(settings, store, users, audit, index, now),
    )
