"""Pages of the job list."""

from app.common import keys
from app.common.etcd.txn import KeyValue
from app.common.models import Job
from app.master.services.job_filter import JobFilter
from app.master.services.job_index import JobIndex, JobRow, JobStatus, Published
from app.master.services.job_list import JobList

NOON = 1_893_499_200_000  # in 2030


def a_row(index: JobIndex, name: str, expression: str) -> JobRow:
    job = Job.model_validate({"name": name, "command": "x", "cronExpr": expression})
    return index.row_of(KeyValue(keys.job(name), job.to_json(), 1, 1))


def walked(jobs: JobList, sort: str) -> list[str]:
    """Names of all pages of one job each."""
    names: list[str] = []
    cursor = None
    for _ in range(20):
        page = jobs.page(JobFilter(), 1, cursor, sort)
        names += [row.name for row in page.rows]
        cursor = page.next_cursor
        if cursor is None:
            break
    return names


def test_pages_hold_each_job_once_though_another_request_was_a_moment_ahead():
    index = JobIndex(None, "UTC")
    rows = [
        a_row(index, "a", "0 0 12 * * *"),
        *(a_row(index, f"b{n}", f"0 {n} 12 * * *") for n in range(1, 6)),
    ]
    index._published = Published(1, rows)
    now = NOON + 1
    jobs = JobList(index, None, lambda: now)
    jobs.page(JobFilter(state=JobStatus.ENABLED), 1, None, "nextFire")
    now = NOON - 1
    assert walked(jobs, "nextFire") == ["b1", "b2", "b3", "b4", "b5", "a"]


def test_a_job_whose_schedule_ends_goes_over_to_those_that_have_ended_as_time_goes_by():
    index = JobIndex(None, "UTC")
    ending = {"cronExpr": "0 12 * * *", "endsAt": "2030-01-01T12:00:00Z"}
    stored = {}
    for name, more in (("ends", ending), ("goes on", {"cronExpr": "0 12 * * *"})):
        job = Job.model_validate({"name": name, "command": "x", **more})
        stored[keys.job(name)] = KeyValue(keys.job(name), job.to_json(), 1, 1)
    index._rebuild(stored, 1, "test")
    now = NOON - 1
    jobs = JobList(index, None, lambda: now)

    def names(state: JobStatus) -> list[str]:
        return [row.name for row in jobs.page(JobFilter(state=state), 9, None).rows]

    assert (names(JobStatus.ENABLED), names(JobStatus.ENDED)) == (["ends", "goes on"], [])
    now = NOON + 1_000
    assert (names(JobStatus.ENABLED), names(JobStatus.ENDED)) == (["goes on"], ["ends"])
    assert [row.name for row in jobs.page(JobFilter(), 9, None, "state").rows] == ["goes on", "ends"]
