"""Rows to store, with as little to say about each as a test needs."""

from app.common.models import Run, Status, Trigger, run_id

T0 = 1_900_000_000_000  # a whole minute in 2030: no store may expire these rows by itself
MINUTE = 60_000
DAY = 86_400_000


def a_run(job="backup", plan=T0, status=Status.SUCCEEDED, *, salt="", **values):
    values.setdefault("worker", "w1")
    values.setdefault("attempt", 1)
    if status.ran:
        values.setdefault("start_time", plan + 5)
        values.setdefault("end_time", plan + 105)
    values.setdefault("id", run_id(job, plan, values["attempt"], salt=salt))
    return Run(job_name=job, plan_time=plan, status=status, **values)


def full_run():
    """Every field set, to something other than its default."""
    return Run(
        id=run_id("full", T0),
        job_name="full",
        plan_time=T0,
        status=Status.FAILED,
        trigger=Trigger.MISFIRE,
        attempt=2,
        command="echo 1 && false",
        reason="exit 1",
        err="it failed",
        output="1\n",
        schedule_time=T0 + 1,
        start_time=T0 + 2,
        end_time=T0 + 3,
        exit_code=1,
        signal=9,
        worker="w1",
        pid=4711,
        by="alice",
        output_bytes=2,
        truncated=True,
        cpu_seconds=0.25,
        max_rss_kb=2**40,
        fence=2**53 + 1,
        job_revision=2**60,
        count=3,
        last_plan_time=T0 + 60_000,
        expire_at=T0 + 86_400_123,
    )


def listed(run):
    """A run as lists show it."""
    run.output = run.command = ""
    return run


def every_run(store, query_type, **filters):
    """All rows of a list, page by page."""
    rows, cursor = [], None
    while True:
        page = store.runs(query_type(**filters, cursor=cursor))
        rows += page.runs
        if (cursor := page.next_cursor) is None:
            return rows
