from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.worker.placement import delay_ms
from app.worker.planner import RETRY_MS
from tests.unit.worker.parts import GRACE, MINUTE, SECOND, T0, Member, worker_info


def due(member, now):
    """(what to claim, what to check) as plan times by job."""
    found = member.planner.collect(now)
    return {f.name: f.plan for f in found.claim}, {f.name: f.plan for f in found.check}


def only(member, now):
    found = member.planner.collect(now)
    (fire,) = found.claim + found.check
    return fire


def test_a_fire_is_due_at_its_time_and_not_before():
    member = Member()
    member.add("j", "* * * * *")
    assert member.planner.next_due() == T0 + MINUTE
    assert due(member, T0 + MINUTE - 1) == ({}, {})
    assert due(member, T0 + MINUTE) == ({"j": T0 + MINUTE}, {})
    assert member.planner.next_due() == T0 + 2 * MINUTE


def test_each_fire_expects_the_one_before_it_as_the_cursor():
    member = Member()
    member.add("j", "*/20 * * * * *")
    seen = []
    for plan in (T0 + 20_000, T0 + 40_000, T0 + 60_000):
        fire = only(member, plan)
        seen.append((fire.cursor, fire.plan))
        member.planner.decided(fire)
    assert seen == [(T0, T0 + 20_000), (T0 + 20_000, T0 + 40_000), (T0 + 40_000, T0 + 60_000)]
    assert member.planner.pending == 0


def test_a_fire_that_was_collected_does_not_come_again_until_it_is_given_back():
    member = Member()
    member.add("j", "* * * * *")
    fire = only(member, T0 + MINUTE)
    assert due(member, T0 + MINUTE + 30_000) == ({}, {})
    member.planner.again(fire, T0 + MINUTE + RETRY_MS)
    assert member.planner.next_due() == T0 + MINUTE + RETRY_MS
    assert only(member, T0 + MINUTE + RETRY_MS) is fire
    member.planner.decided(fire)
    assert member.planner.next_due() == T0 + 2 * MINUTE


def test_each_worker_waits_as_its_place_says_and_only_the_first_claims_unseen():
    names = [f"w{i}" for i in range(5)]
    members = [Member(name, [n for n in names if n != name]) for name in names]
    for member in members:
        member.add("j", "*/10 * * * * *")
    for plan in range(T0 + 10_000, T0 + 600_000, 10_000):
        times = []
        for member in members:
            # look every 10 ms until it comes up
            at = plan
            while not (found := member.planner.collect(at)).claim + found.check:
                at += 10
            (fire,) = found.claim + found.check
            assert (fire in found.claim) == fire.first == (at == plan)
            times.append(at - plan)
            member.planner.decided(fire)
        assert sorted(times) == [delay_ms(place) for place in range(5)]


def test_a_later_fire_takes_the_place_of_one_that_is_not_decided():
    member = Member()
    held = member.add("j", "* * * * * *")
    first = only(member, T0 + SECOND)
    member.planner.again(first, T0 + SECOND + RETRY_MS)
    second = only(member, T0 + 2 * SECOND)
    assert second.plan == T0 + 2 * SECOND
    member.planner.again(first, T0)  # too late: it stays away
    member.planner.decided(first)
    assert member.planner.pending == 1
    # the claim of the second finds the cursor before the first, and with it that the first was missed
    second.read, second.cursor = True, T0
    gap = member.planner.gap(held, second)
    assert (gap.first, gap.last, gap.count) == (T0 + SECOND, T0 + SECOND, 1)


def test_after_a_pause_only_the_latest_fire_is_due_and_knows_what_it_stands_for():
    member = Member()
    held = member.add("j", "* * * * * *")
    fire = only(member, T0 + 10_500)
    assert (fire.plan, fire.cursor) == (T0 + 10_000, T0)
    gap = member.planner.gap(held, fire)
    assert (gap.first, gap.last, gap.count) == (T0 + 1_000, T0 + 9_000, 9)
    assert member.planner.next_due() == T0 + 11_000


def test_a_job_planned_from_an_old_cursor_has_one_due_fire_and_goes_on():
    member = Member()
    held = member.add("j", "* * * * *", cursor=T0 - 60 * MINUTE, now=T0 + 30_000)
    fire = only(member, T0 + 30_000)
    assert (fire.plan, fire.cursor, fire.read) == (T0, T0 - 60 * MINUTE, True)
    gap = member.planner.gap(held, fire)
    assert (gap.first, gap.last, gap.count) == (T0 - 59 * MINUTE, T0 - MINUTE, 59)
    member.planner.decided(fire)
    following = only(member, T0 + MINUTE)
    assert (following.plan, following.cursor) == (T0 + MINUTE, T0)
    assert member.planner.gap(held, following) is None


def test_a_cursor_that_is_no_fire_of_the_schedule_is_a_start_like_any_other():
    member = Member()
    held = member.add("j", "*/10 * * * *", cursor=T0 - 123_457, now=T0)
    fires = held.schedule.between(T0 - 123_457, T0, 100)
    if fires:
        assert only(member, T0).plan == fires[-1]
    assert member.planner.next_due() == held.schedule.next(T0)


def test_a_cursor_in_the_future_waits_for_the_fire_after_it():
    member = Member()
    member.add("j", "* * * * *", cursor=T0 + 5 * MINUTE)
    assert due(member, T0 + 5 * MINUTE) == ({}, {})
    assert due(member, T0 + 6 * MINUTE) == ({"j": T0 + 6 * MINUTE}, {})


CRONS = st.sampled_from(
    [
        "* * * * * *",
        "*/7 * * * * *",
        "*/5 * * * *",
        "13 2,14 * * *",
        "0 0 L * *",
        "30 2 * * *",
        "@every 90s",
        "0 9-17 * * 1-5",
    ]
)
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])


@given(CRONS, ZONES, st.integers(0, 40 * 86_400), st.integers(1, 3 * 86_400))
def test_cursor_gap_and_fire_together_are_every_fire(cron, zone, offset, seconds):
    """Whatever time went by, nothing between the cursor and now is left out or counted twice."""
    start = 1_900_000_000_000 + offset * 1_000
    now = start + min(seconds, 20_000 if cron.startswith("*") else seconds) * 1_000
    slept, restarted = Member(), Member()
    held = slept.add("j", cron, cursor=start, now=start, timezone=zone)
    restarted.add("j", cron, cursor=start, now=now, timezone=zone)
    expected = held.schedule.between(start, now, 1_000_000)
    for member in (slept, restarted):
        found = member.planner.collect(now)
        if not expected:
            assert found.claim + found.check == []
            continue
        (fire,) = found.claim + found.check
        gap = member.planner.gap(held, fire)
        assert fire.plan == expected[-1]
        assert (gap.count if gap else 0) == len(expected) - 1
        if gap:
            assert (gap.first, gap.last) == (expected[0], expected[-2])
        assert member.planner.next_due() == held.schedule.next(now)


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2025-03-29", "2025-03-30T03:00"),  # 02:30 does not exist: right after the gap, once
        ("2025-10-25", "2025-10-26T02:30"),  # 02:30 comes twice: the first time
    ],
)
def test_a_change_of_the_clock_makes_one_fire(day, expected):
    zone = ZoneInfo("Europe/Berlin")
    cursor = int(datetime.fromisoformat(f"{day}T02:30").replace(tzinfo=zone).timestamp() * 1000)
    member = Member()
    member.add("j", "30 2 * * *", cursor=cursor, now=cursor, timezone="Europe/Berlin")
    seen = []
    for now in range(cursor, cursor + 36 * 3_600_000, 900_000):
        for fire in member.planner.collect(now).claim:
            seen.append(datetime.fromtimestamp(fire.plan / 1000, zone))
            member.planner.decided(fire)
    assert [f"{at:%Y-%m-%dT%H:%M}" for at in seen] == [expected]
    assert seen[0].fold == 0


@pytest.mark.parametrize("policy", ["skip", "latest"])
def test_a_fire_within_the_grace_runs_under_any_policy(policy):
    member = Member()
    held = member.add("j", "* * * * *", misfire=policy)
    fire = only(member, T0 + MINUTE)
    assert member.planner.may_run(held, fire, T0 + MINUTE + GRACE)
    assert not member.planner.is_misfire(fire, T0 + MINUTE + GRACE)
    assert member.planner.is_misfire(fire, T0 + MINUTE + GRACE + 1)


def test_an_older_fire_runs_only_if_its_job_wants_the_latest_and_within_its_window():
    member = Member()
    skip = member.add("skip", "0 * * * *", cursor=T0 - 10 * 3_600_000)
    latest = member.add(
        "latest", "0 * * * *", cursor=T0 - 10 * 3_600_000, misfire="latest", misfireWindowSeconds=3_600
    )
    found = {fire.name: fire for fire in member.planner.collect(T0).claim}
    plan = found["latest"].plan
    assert plan == latest.schedule.previous(T0 + 1)
    assert not member.planner.may_run(skip, found["skip"], plan + GRACE + 1)
    assert member.planner.may_run(latest, found["latest"], plan + 3_600_000)
    assert not member.planner.may_run(latest, found["latest"], plan + 3_600_001)


def test_paused_jobs_fire_nothing():
    member = Member()
    member.add("j", enabled=False)
    assert member.planner.next_due() is None
    assert due(member, T0 + 3_600_000) == ({}, {})


def test_a_forgotten_job_fires_nothing_not_even_what_was_due():
    member = Member()
    member.add("j")
    fire = only(member, T0 + SECOND)
    member.planner.again(fire, T0 + SECOND)
    member.planner.forget("j")
    member.planner.again(fire, T0 + SECOND)
    assert due(member, T0 + MINUTE) == ({}, {})
    assert (member.planner.pending, member.planner.planned, member.planner.next_due()) == (0, 0, None)


def test_a_schedule_that_ends_is_over_after_its_last_fire():
    member = Member()
    member.add("j", "* * * * *", endsAt="2030-03-17T17:48:30Z")
    fire = only(member, T0 + MINUTE)
    member.planner.decided(fire)
    assert (member.planner.planned, member.planner.next_due()) == (0, None)


def test_planning_again_drops_what_was_pending():
    member = Member()
    held = member.add("j", "* * * * *")
    only(member, T0 + MINUTE)
    member.planner.plan(held, T0 + MINUTE, T0 + MINUTE + 5)  # the cursor says that it was claimed
    assert member.planner.pending == 0
    assert member.planner.next_due() == T0 + 2 * MINUTE


class TestLabels:
    def test_a_job_for_others_is_not_this_workers_business(self):
        member = Member("w0", [worker_info("gpu", labels={"gpu": "yes"})])
        member.add("j", workerLabels={"gpu": "yes"})
        for second in range(1, 200):
            assert due(member, T0 + second * SECOND) == ({}, {})

    def test_somebody_looks_later_whether_those_who_may_run_a_fire_have_claimed_it(self):
        member = Member("w0", [worker_info("gpu", labels={"gpu": "yes"})])
        held = member.add("j", "*/5 * * * *", workerLabels={"gpu": "yes"})
        plan = held.schedule.next(T0)
        assert due(member, plan + GRACE - 1) == ({}, {})
        assert due(member, plan + GRACE + SECOND) == ({}, {"j": plan})
        assert not member.planner.may_run(held, member.planner._pending["j"], plan + GRACE + SECOND)

    def test_not_every_worker_looks_after_a_job_of_others(self):
        names = [f"w{i}" for i in range(6)]
        infos = [worker_info(name) for name in names] + [worker_info("gpu", labels={"gpu": "yes"})]
        looking = 0
        for name in names:
            member = Member(name, [info for info in infos if info.id != name])
            held = member.add("j", "*/5 * * * *", workerLabels={"gpu": "yes"})
            due(member, held.schedule.next(T0))
            looking += member.planner.pending
        assert looking <= 2

    def test_a_job_that_nobody_can_run_is_recorded_after_the_grace_in_one_go(self):
        member = Member()
        held = member.add("j", workerLabels={"gpu": "yes"})
        for second in range(1, 60):
            assert due(member, T0 + second * SECOND) == ({}, {})
        assert due(member, T0 + 60 * SECOND) == ({}, {})
        claim, check = due(member, T0 + SECOND + GRACE)
        assert (claim, check) == ({}, {"j": T0 + 61 * SECOND})
        fire = member.planner._pending["j"]
        assert fire.unplaceable
        assert not member.planner.may_run(held, fire, T0 + 61 * SECOND)
        fire.read, fire.cursor = True, T0
        assert member.planner.gap(held, fire).count == 60

    def test_a_job_that_catches_up_is_not_recorded_while_it_could_still_run(self):
        member = Member()
        gpu = {"workerLabels": {"gpu": "yes"}, "misfire": "latest", "misfireWindowSeconds": 3_600}
        held = member.add("j", "0 0 * * *", cursor=T0 - 86_400_000, now=T0 - 86_400_000, **gpu)
        plan = held.schedule.previous(T0)
        for now in range(plan, plan + 3_600_000, MINUTE):
            assert due(member, now) == ({}, {})
        assert due(member, plan + 3_600_000) == ({}, {"j": plan})

    def test_later_fires_do_not_make_one_that_can_be_caught_up_a_missed_one(self):
        member = Member()
        member.add("j", "* * * * *", workerLabels={"gpu": "yes"}, misfire="latest", misfireWindowSeconds=300)
        for now in range(T0, T0 + 60 * MINUTE, MINUTE):
            assert due(member, now) == ({}, {})
        gpu = Member("gpu", ["w0"], labels={"gpu": "yes"})
        gpu.add(
            "j",
            "* * * * *",
            now=T0 + 60 * MINUTE,
            workerLabels={"gpu": "yes"},
            misfire="latest",
            misfireWindowSeconds=300,
        )
        fire = only(gpu, T0 + 60 * MINUTE)
        assert gpu.planner.may_run(gpu.table.get("j"), fire, T0 + 60 * MINUTE)
        assert gpu.planner.gap(gpu.table.get("j"), fire).count == 59

    def test_only_one_worker_records_it_at_first(self):
        names = ["w0", "w1", "w2", "w3"]
        members = [Member(name, [n for n in names if n != name]) for name in names]
        for member in members:
            member.add("j", "* * * * *", workerLabels={"gpu": "yes"})
        recorded = []
        for now in range(T0, T0 + MINUTE + GRACE + 2_000, 50):
            for member in members:
                for fire in member.planner.collect(now).check:
                    recorded.append(now - (T0 + MINUTE) - GRACE)
                    member.planner.decided(fire)
        assert recorded == [0, 250, 500, 900]

    def test_a_worker_that_can_take_it_does(self):
        member = Member("gpu", ["w1"], labels={"gpu": "yes"})
        member.add("j", workerLabels={"gpu": "yes"})
        assert due(member, T0 + SECOND) == ({"j": T0 + SECOND}, {})


class TestBlockedJobs:
    """A job whose previous run still holds the lock."""

    def test_the_worker_that_runs_it_is_first(self):
        names = ["w0", "w1", "w2"]
        for name in names:
            member = Member(name, [n for n in names if n != name])
            held = member.add("j", "*/10 * * * * *")
            held.blocked_by = "w1"
            for plan in range(T0 + 10_000, T0 + 200_000, 10_000):
                found = member.planner.collect(plan)
                if name == "w1":
                    assert [f.plan for f in found.claim] == [plan]
                else:
                    assert found.claim + found.check == []
                    found = member.planner.collect(plan + 999)
                    assert [f.plan for f in found.check] == [plan]
                for fire in found.claim + found.check:
                    member.planner.decided(fire)

    @pytest.mark.parametrize("cron", ["* * * * * *", "*/2 * * * * *"])
    def test_the_others_look_after_it_before_its_next_fire_is_due(self, cron):
        member = Member("w0", ["w1"])
        member.add("j", cron).blocked_by = "w1"
        looked = []
        for now in range(T0, T0 + 10 * SECOND, 50):
            for fire in member.planner.collect(now).check:
                looked.append(fire.plan)
                member.planner.decided(fire)
        assert len(looked) >= 4


class Simulation:
    """Members around one dictionary of cursors, with the claim's rule and nothing else of the claim."""

    def __init__(self, names):
        self.members = {name: Member(name, [n for n in names if n != name]) for name in names}
        self.cursors, self.claimed, self.missed, self.by = {}, [], [], []

    def add(self, name, cron):
        self.cursors[name] = T0
        for member in self.members.values():
            member.add(name, cron)

    def step(self, name, now):
        member = self.members[name]
        found = member.planner.collect(now)
        for fire in found.check:
            cursor = self.cursors[fire.name]
            if cursor >= fire.plan:
                member.planner.decided(fire)
                continue
            fire.read, fire.cursor = True, cursor
            self.claim(member, name, fire)
        for fire in found.claim:
            self.claim(member, name, fire)

    def claim(self, member, name, fire):
        held = member.table.get(fire.name)
        if self.cursors[fire.name] != fire.cursor and self.cursors[fire.name] < fire.plan:
            fire.read, fire.cursor = True, self.cursors[fire.name]
        if self.cursors[fire.name] == fire.cursor:
            gap = member.planner.gap(held, fire)
            self.missed += held.schedule.between(gap.first - 1, gap.last, 10**6) if gap else []
            self.cursors[fire.name] = fire.plan
            self.claimed.append((fire.name, fire.plan))
            self.by.append(name)
        member.planner.decided(fire)


@given(
    st.lists(st.tuples(st.sampled_from(["w0", "w1", "w2"]), st.integers(0, 700)), min_size=50, max_size=300),
    st.sampled_from(["* * * * * *", "*/2 * * * * *", "*/3 * * * * *"]),
)
def test_however_the_workers_take_turns_each_fire_is_claimed_or_missed_once(turns, cron):
    simulation = Simulation(["w0", "w1", "w2"])
    simulation.add("j", cron)
    now = T0
    for name, pause in turns:
        now += pause
        simulation.step(name, now)
    for late in range(2_000):
        for name in simulation.members:
            simulation.step(name, now + late * 10)
    end = max(plan for _, plan in simulation.claimed)
    fires = simulation.members["w0"].table.get("j").schedule.between(T0, end, 10**6)
    assert sorted([plan for _, plan in simulation.claimed] + simulation.missed) == fires
    assert end >= now


def test_three_prompt_workers_claim_everything_at_once_and_share_it():
    simulation = Simulation(["w0", "w1", "w2"])
    for i in range(20):
        simulation.add(f"job-{i}", "* * * * * *")
    for now in range(T0, T0 + 300 * SECOND + 1, 250):
        for name in simulation.members:
            simulation.step(name, now)
    assert len(simulation.claimed) == len(set(simulation.claimed)) == 6_000
    assert simulation.missed == []
    for name in simulation.members:
        assert simulation.by.count(name) == pytest.approx(2_000, rel=0.1)


def test_fires_without_room_wait_in_their_order_and_are_due_as_room_comes():
    member = Member()
    for name in ("a", "b", "c"):
        member.add(name, "* * * * *")
    now = T0 + MINUTE
    waiting = member.planner.collect(now).claim
    for fire in waiting:
        member.planner.wait_for_room(fire)
    assert due(member, now) == ({}, {})
    member.planner.make_room(2)
    assert [fire.name for fire in member.planner.collect(now).claim] == [f.name for f in waiting[:2]]
    member.planner.make_room(5)
    assert member.planner.collect(now).claim == waiting[2:]


def test_a_fire_that_finds_no_room_in_time_is_due_to_be_recorded():
    member = Member()
    held = member.add("j", "0 0 * * *", cursor=T0 - 86_400_000, now=T0 - 86_400_000)
    plan = held.schedule.previous(T0)
    fire = only(member, plan)
    member.planner.wait_for_room(fire)
    assert member.planner.next_due() == plan + GRACE + 1
    assert due(member, plan + GRACE) == ({}, {})
    assert only(member, plan + GRACE + 1) is fire
    assert not member.planner.may_run(held, fire, plan + GRACE + 1)
    member.planner.make_room(9)  # it is on its way
    assert due(member, plan + GRACE + 2) == ({}, {})


def test_a_worker_that_is_behind_claims_its_own_fires_before_it_looks_at_those_of_others():
    for own_id, other_id in (("w0", "w1"), ("w1", "w0")):
        member = Member(own_id, [other_id])
        for i in range(100):
            member.add(f"j{i}", "* * * * *")
        handed_out = []
        for now in range(T0 + MINUTE, T0 + MINUTE + 20 * SECOND, SECOND):  # 5 a second: far too slow
            found = member.planner.collect(now, 5)
            handed_out += found.claim + found.check
        first = [fire.first for fire in handed_out]
        assert len(first) == 100
        assert first == sorted(first, reverse=True)
        assert 30 < sum(first) < 70


def test_a_later_fire_takes_the_place_of_one_without_room():
    member = Member()
    member.add("j", "* * * * *")
    member.planner.wait_for_room(only(member, T0 + MINUTE))
    later = only(member, T0 + 2 * MINUTE)
    assert later.plan == T0 + 2 * MINUTE
    member.planner.make_room(1)
    assert due(member, T0 + 2 * MINUTE) == ({}, {})


def test_no_more_fires_than_asked_for_are_handed_out_and_the_rest_stays_due():
    member = Member()
    for i in range(5):
        member.add(f"j{i}", "* * * * *")
    now = T0 + MINUTE
    assert len(member.planner.collect(now, 3).claim) == 3
    assert member.planner.next_due() == now
    assert len(member.planner.collect(now, 3).claim) == 2
