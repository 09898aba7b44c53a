"""All services of one master, made in one place."""

from dataclasses import dataclass

from app.common.certificates import CertificateExpiry, configured
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
from app.master.services.bulk import Bulk
from app.master.services.cluster_clock import ClusterClock
from app.master.services.events import Events
from app.master.services.housekeeping import Housekeeping
from app.master.services.imports import Imports
from app.master.services.job_facts import JobFacts
from app.master.services.job_index import JobIndex
from app.master.services.job_list import JobList
from app.master.services.jobs import Jobs
from app.master.services.last_runs import LastRuns
from app.master.services.ledger import Ledger
from app.master.services.ledger_of_day import LedgerOfDay
from app.master.services.open_runs import OpenRuns
from app.master.services.orders import Orders
from app.master.services.run_news import RunNews
from app.master.services.run_stream import RunStreams
from app.master.services.running import Running
from app.master.services.runs import Runs
from app.master.services.scrape import Scrape
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
    last_runs: LastRuns
    job_list: JobList
    jobs: Jobs
    workers: Workers
    runs: Runs
    running: Running
    bulk: Bulk
    imports: Imports
    orders: Orders
    run_streams: RunStreams
    ledger: Ledger
    ledger_of_day: LedgerOfDay
    stats: Stats
    upcoming: UpcomingFires
    events: Events
    housekeeping: Housekeeping
    job_facts: JobFacts
    scrape: Scrape
    certificates: CertificateExpiry

    def start(self) -> None:
        self.index.mirror.start()
        self.workers.mirror.start()
        self.housekeeping.start()
        self.last_runs.start()
        self.running.start()
        self.upcoming.start()
        self.ledger_of_day.start()
        self.job_facts.start()

    def stop(self) -> None:
        self.job_facts.stop()
        self.ledger_of_day.stop()
        self.upcoming.stop()
        self.running.stop()
        self.last_runs.stop()
        self.housekeeping.stop()
        self.index.mirror.stop()
        self.workers.mirror.stop()


def build(settings: MasterSettings, client: EtcdClient, store: LogStore, now: Clock) -> Services:
    zone = settings.timezone
    audit = Audit(client, store, now)
    limit = SignInLimit(client, now)
    users = Users(client, audit, limit, now)
    index = JobIndex(client, zone)
    last_runs = LastRuns(store, now)
    workers = Workers(client, audit)
    sessions = Sessions(client, audit, limit, settings.session_hours, now)
    open_runs = OpenRuns(client)
    runs = Runs(store, open_runs)
    ledger = Ledger(client, store, index, open_runs, audit, zone, now)
    clock = ClusterClock(now, workers.time)
    jobs = Jobs(client, index, audit, zone, clock)
    running = Running(open_runs)
    job_facts = JobFacts(index, store, audit, now)
    orders = Orders(client, open_runs, workers, audit, zone, clock)
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
        last_runs=last_runs,
        job_list=JobList(index, last_runs, now),
        jobs=jobs,
        workers=workers,
        runs=runs,
        running=running,
        bulk=Bulk(jobs, orders, open_runs, index),
        imports=Imports(jobs, index),
        orders=orders,
        run_streams=RunStreams(client, store, runs),
        ledger=ledger,
        ledger_of_day=LedgerOfDay(ledger, index, now),
        stats=Stats(index, store, last_runs, open_runs, workers, now),
        upcoming=UpcomingFires(index, now),
        events=Events(index, workers, RunNews(store, open_runs)),
        housekeeping=Housekeeping(settings, store, users, audit, index, now),
        job_facts=job_facts,
        scrape=Scrape(index, workers, running, job_facts, now),
        certificates=CertificateExpiry(configured(settings)),
    )
