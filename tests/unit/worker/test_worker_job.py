import pytest

from app.common.models import Job
from app.worker.worker_job import WorkerJob, worker_job

PLAIN = {"name": "j", "command": "true", "cronExpr": "0 3 * * *"}
FULL = PLAIN | {
    "enabled": False,
    "timezone": "Asia/Shanghai",
    "startsAt": "2030-01-01T00:00:00Z",
    "endsAt": "2031-01-01T00:00:00Z",
    "overlap": "allow",
    "misfire": "latest",
    "misfireWindowSeconds": 60,
    "timeoutSeconds": 1.5,
    "killGraceSeconds": 7,
    "onWorkerLoss": "rerun",
    "onIsolation": "kill",
    "workerLabels": {"zone": "a"},
    "shell": "/bin/sh",
    "cwd": "/tmp",
    "env": {"A": "1"},
    "outputLimitBytes": 2048,
    "successWithinSeconds": 3600,
}
# Of the fields that are acted upon, a worker asks for all but these.
FOR_PEOPLE = {"description", "group", "tags"}
TOLD_AS_MEASURED = {"metrics", "success_within_seconds"}


@pytest.mark.parametrize("fields", [PLAIN, FULL])
def test_each_field_is_that_of_the_job(fields):
    job = Job.model_validate(fields)
    held = worker_job(job)
    assert {name: getattr(job, name) for name in WorkerJob._fields} == held._asdict()


def test_it_has_all_fields_that_do_something():
    assert set(Job.model_fields) - set(WorkerJob._fields) == FOR_PEOPLE | TOLD_AS_MEASURED | set(Job.NOT_YET)


@pytest.mark.parametrize("field", sorted(FULL.keys() - {"name", "cronExpr"}))
def test_it_says_of_a_change_what_the_job_says(field):
    job, other = Job.model_validate(PLAIN), Job.model_validate(PLAIN | {field: FULL[field]})
    assert worker_job(job).same_schedule(worker_job(other)) is job.same_schedule(other)


def test_another_expression_is_another_schedule():
    other = Job.model_validate(PLAIN | {"cronExpr": "1 3 * * *"})
    assert not worker_job(Job.model_validate(PLAIN)).same_schedule(worker_job(other))
