"""Orders to the workers: run a job now, kill runs."""

import json
import secrets
from collections.abc import Sequence

from app.common import keys
from app.common.etcd import EtcdClient, txn
from app.common.models import InvalidJob, Job, KillOrder, RunOrder, parse_job, run_id
from app.master.bodies import validated
from app.master.clock import Clock
from app.master.problems import Problem, invalid, no_such
from app.master.services.audit import Actor, Audit
from app.master.services.open_runs import OpenRuns
from app.master.services.workers import Workers

RUN_WITHIN_MS = 600_000  # an order that no worker took in this time is recorded as missed
KILL_TTL_SECONDS = 60
ATTEMPTS = 10


class Orders:
    def __init__(
        self,
        client: EtcdClient,
        open_runs: OpenRuns,
        workers: Workers,
        audit: Audit,
        timezone: str,
        now: Clock,
    ) -> None:
        self._client, self._open_runs, self._workers, self._audit = client, open_runs, workers, audit
        self._timezone, self._now = timezone, now

    def run(
        self, name: str, env: dict[str, str], worker: str | None, actor: Actor, again: str | None = None
    ) -> str:
        """Order one run, on `worker` if given; returns its run id. A paused job can be run, an invalid one
        not. `again`: the run that this one repeats.
        """
        kv = self._client.get(keys.job(name))
        if kv is None:
            raise no_such("job", name)
        job = parse_job(kv.key, kv.value, self._timezone)
        if isinstance(job, InvalidJob):
            raise Problem(409, f"The job is invalid and cannot run: {job.reason}")
        if worker is not None and not self._workers.is_live(worker):
            raise invalid("worker", f"there is no live worker {worker!r}")
        if env:
            _check_env(job, env)
        at, order_id = self._now(), secrets.token_hex(8)
        order = RunOrder(by=actor.name, at=at, expires_at=at + RUN_WITHIN_MS, env=env, target=worker)
        run = run_id(name, at, salt=order_id)
        ordered = self._client.txn(
            [txn.present(kv.key)],
            [
                txn.put(keys.order(name, order_id), order.to_json()),
                self._audit.put(
                    actor,
                    "job.run",
                    "job",
                    name,
                    detail={"runIds": [run], "worker": worker, "env": sorted(env) or None, "again": again},
                ),
            ],
        )
        if not ordered.succeeded:
            raise no_such("job", name)
        return run

    def rerun(self, again: str, job: str, actor: Actor) -> str:
        """Order one more run of `job`, as the run `again` was; returns its id. 409 if the job is gone."""
        if self._client.get(keys.job(job)) is None:
            raise Problem(409, f"The job {job!r} of this run is gone.")
        return self.run(job, {}, None, actor, again)

    def kill_job(self, name: str, actor: Actor) -> list[str]:
        """Kill what runs of the job now; returns the run ids. Also for a deleted job whose run goes on."""
        runs = [run.id for run in self._open_runs.of_job(name)]
        if runs:
            self.kill_runs(name, runs, actor)
        elif self._client.get(keys.job(name)) is None:
            raise no_such("job", name)
        return runs

    def kill_run(self, wanted: str, actor: Actor) -> list[str]:
        """Kill one run. The caller has looked whether it has ended already."""
        run = self._open_runs.find(wanted)
        if run is None:
            return []
        self.kill_runs(run.record.job, [wanted], actor)
        return [wanted]

    def kill_runs(self, name: str, runs: Sequence[str], actor: Actor) -> None:
        """Kill these runs of a job, whether they are still in progress or not."""
        key = keys.killer(name)
        for _ in range(ATTEMPTS):
            kv = self._client.get(key)
            standing = KillOrder.parse(kv.value) if kv else KillOrder(run_ids=[])
            # An order for all contains these.
            merged = None if standing.run_ids is None else sorted({*standing.run_ids, *runs})
            order = KillOrder(run_ids=merged, by=actor.name, at=self._now())
            ordered = self._client.txn(
                [txn.mod_revision_is(key, kv.mod_revision if kv else 0)],
                [
                    txn.put(key, order.to_json(), self._client.grant(KILL_TTL_SECONDS)),
                    self._audit.put(actor, "job.kill", "job", name, detail={"runIds": list(runs)}),
                ],
            )
            if ordered.succeeded:
                return
        raise Problem(409, f"Job {name!r} is being killed by others. Try again.")


def _check_env(job: Job, env: dict[str, str]) -> None:
    """The run's environment must be one that the job itself could have."""
    body = json.loads(job.to_json())
    validated(Job, {**body, "env": {**job.env, **env}})
