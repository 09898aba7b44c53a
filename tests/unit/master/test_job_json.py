"""The JSON of jobs, which is written in parts."""

import json

import pytest
from pydantic.alias_generators import to_camel

from app.common import keys
from app.common.etcd import EtcdClient, KeyValue
from app.common.logstore import JobState, RecentRun
from app.common.models import Job, Status
from app.master.schemas.jobs import InvalidJobView, JobView, Known, job_json, page_json
from app.master.services.job_index import JobIndex, JobRow

NOW = 1_900_000_000_123  # 2030-03-17T17:46:40.123Z


@pytest.fixture(scope="module")
def index() -> JobIndex:
    return JobIndex(EtcdClient(["http://127.0.0.1:1"], timeout=1), "UTC")


def row(index: JobIndex, revision: int = 7, **fields) -> JobRow:
    job = {"name": "备份", "command": 'echo "}{,"', "cronExpr": "30 2 * * *", **fields}
    return index.row_of(KeyValue(keys.job(job["name"]), json.dumps(job).encode(), 1, revision))


def written(row: JobRow, known: Known = Known(), language: str = "en", now: int = NOW) -> dict:  # noqa: B008
    return json.loads(job_json(row, "UTC", now, language, known))


def test_a_job_has_its_definition_with_all_defaults_and_what_is_known_of_it(index):
    job = row(index, tags=["a", "b"], startsAt="2029-01-01T00:00:00+08:00", env={"A": "}"})
    known = Known(
        states={job.name: JobState(job.name, Status.FAILED, NOW, NOW + 1, NOW + 2, None, 3, 1.5)},
        running={job.name: 2},
        recent={job.name: [RecentRun("r1", Status.FAILED, NOW, NOW + 1, NOW + 2)]},
    )
    found = written(job, known)
    assert set(found) == {to_camel(name) for name in JobView.model_fields}
    definition = Job.model_validate_json(job.value).model_dump(mode="json", by_alias=True)
    assert {name: found[name] for name in definition} == definition
    assert found["revision"] == 7
    assert found["state"] == "enabled"
    assert found["nextFire"] == "2030-03-18T02:30:00.000Z"
    assert found["scheduleText"].startswith("At 02:30")
    assert found["running"] == 2
    assert found["lastRun"] == {
        "status": "failed",
        "planTime": "2030-03-17T17:46:40.123Z",
        "startTime": "2030-03-17T17:46:40.124Z",
        "endTime": "2030-03-17T17:46:40.125Z",
        "lastSuccess": None,
        "failuresInARow": 3,
        "typicalDurationMs": 1.5,
    }
    assert [run["id"] for run in found["recentRuns"]] == ["r1"]


def test_what_depends_on_the_moment_the_language_and_the_version_is_not_remembered(index):
    job = row(index)
    assert written(job)["scheduleText"] != written(job, language="zh")["scheduleText"]
    later = written(job, now=NOW + 86_400_000)
    assert (written(job)["nextFire"], later["nextFire"]) == (
        "2030-03-18T02:30:00.000Z",
        "2030-03-19T02:30:00.000Z",
    )
    assert written(job)["lastRun"] is None
    changed = row(index, 8, command="false")
    assert (written(changed)["command"], written(changed)["revision"]) == ("false", 8)
    assert written(job)["command"] == 'echo "}{,"'


def test_what_is_no_job_says_why(index):
    job = row(index, cronExpr="61 * * * *")
    found = written(job, Known(running={job.name: 1}))
    assert set(found) == set(InvalidJobView.model_fields)
    assert (found["state"], found["running"]) == ("invalid", 1)
    assert found["reason"].startswith("cronExpr:")
    assert "61" in found["raw"]


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_page_has_its_jobs_in_order(index, count):
    names = [f"job-{number}" for number in range(count)]
    jobs = [job_json(row(index, name=name), "UTC", NOW, "en", Known()) for name in names]
    page = json.loads(page_json(jobs, 17, "]more", ["a warning"]))
    assert [job["name"] for job in page.pop("items")] == names
    assert page == {"total": 17, "next": "]more", "warnings": ["a warning"]}
