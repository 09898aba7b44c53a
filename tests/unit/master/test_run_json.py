"""Runs as the API shows them."""

from app.common.models import Run, Status, Trigger, run_id
from app.master.schemas.runs import RunDetail, RunView, detail, view

PLAN = 1_900_000_000_123

RUN = Run(
    id=run_id("备份", PLAN),
    job_name="备份",
    plan_time=PLAN,
    status=Status.FAILED,
    trigger=Trigger.RETRY,
    start_time=PLAN + 5,
    exit_code=3,
    cpu_seconds=0.25,
    command="false",
    output="</script>\n",
)


def test_a_run_is_shown_as_a_checked_model_of_the_same_values_would_be():
    for made, model in ((view(RUN), RunView), (detail(RUN), RunDetail)):
        checked = model(**{name: getattr(RUN, name) for name in model.model_fields})
        assert made == checked
        assert made.model_dump_json() == checked.model_dump_json()
        assert made.model_copy(update={"exit_code": 4}).exit_code == 4
        assert repr(made) == repr(checked)


def test_moments_are_shown_in_utc_and_only_a_detail_has_the_output():
    shown = view(RUN).model_dump(mode="json", by_alias=True)
    assert (shown["planTime"], shown["startTime"]) == ("2030-03-17T17:46:40.123Z", "2030-03-17T17:46:40.128Z")
    assert "output" not in shown
    assert detail(RUN).output == "</script>\n"
