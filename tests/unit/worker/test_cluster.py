from app.common.models import WorkerState
from app.worker.cluster import SILENT_AFTER_HEARTBEATS, Cluster
from tests.unit.worker.parts import worker_info

SEED = 7


def cluster(**labels):
    return Cluster("me", 256, labels, heartbeat_seconds=4)


def live(view, now, own_active=True):
    """Who has a place in the orders of a thousand fires."""
    view.refresh(now, own_active=own_active)
    return {c.id for c in view._live}


def test_a_worker_alone_is_first():
    view = cluster()
    assert view.place({}, SEED, 1) == 0
    assert view.place_of_all(SEED, 1) == 0


def test_others_count_from_their_heartbeat_until_they_are_silent():
    view = cluster()
    view.heard(worker_info("a"), 100.0)
    assert live(view, 100.0) == {"me", "a"}
    assert live(view, 100.0 + 4 * SILENT_AFTER_HEARTBEATS) == {"me", "a"}
    assert live(view, 100.1 + 4 * SILENT_AFTER_HEARTBEATS) == {"me"}
    assert view.registered() == {"me", "a"}  # silent, but its lease may live
    view.heard(worker_info("a", heartbeat=2), 120.0)
    assert live(view, 120.0) == {"me", "a"}
    view.gone("a")
    view.gone("a")
    assert live(view, 120.0) == {"me"}
    assert view.registered() == {"me"}


def test_only_active_workers_take_fires():
    view = cluster()
    for state in WorkerState:
        view.heard(worker_info(state.value, state=state), 0.0)
    assert live(view, 0.0) == {"me", "active"}
    assert live(view, 0.0, own_active=False) == {"active"}
    assert view.place({}, SEED, 1) is None
    assert view.place_of_all(SEED, 1) is None


def test_its_own_registration_is_no_second_worker():
    view = cluster()
    view.heard(worker_info("me"), 0.0)
    assert live(view, 0.0) == {"me"}
    assert [c.id for c in view._live] == ["me"]


def test_a_changed_capacity_or_label_counts_after_the_next_refresh():
    view = cluster()
    view.heard(worker_info("a", capacity=1), 0.0)
    view.refresh(0.0, own_active=True)
    before = [view.place({}, SEED, plan) for plan in range(500)]
    view.heard(worker_info("a", capacity=100_000, labels={"gpu": "1"}), 1.0)
    view.refresh(1.0, own_active=True)
    after = [view.place({}, SEED, plan) for plan in range(500)]
    assert before.count(0) > 480
    assert after.count(0) < 20
    assert view.place({"gpu": "1"}, SEED, 1) is None
    assert view.can_anybody({"gpu": "1"})


def test_a_job_with_labels_goes_only_to_workers_that_have_them():
    view = cluster(zone="b")
    view.heard(worker_info("a", labels={"zone": "a", "gpu": "yes"}), 0.0)
    view.refresh(0.0, own_active=True)
    assert view.place({"zone": "b"}, SEED, 1) == 0
    assert view.place({"zone": "a"}, SEED, 1) is None
    assert view.can_anybody({"gpu": "yes", "zone": "a"})
    assert not view.can_anybody({"gpu": "yes", "zone": "b"})
    view.gone("a")
    view.refresh(1.0, own_active=True)
    assert not view.can_anybody({"zone": "a"})


def test_workers_that_see_the_same_cluster_agree_on_the_order():
    names = ["a", "b", "c", "d"]
    views = []
    for name in names:
        view = Cluster(name, 256, {}, 4)
        for other in names:
            view.heard(worker_info(other), 0.0)
        view.refresh(0.0, own_active=True)
        views.append(view)
    for plan in range(1_000):
        assert sorted(view.place({}, SEED, plan) for view in views) == [0, 1, 2, 3]
