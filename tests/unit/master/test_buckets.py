"""Jobs by group and by tag, kept up with changes."""

import json

from hypothesis import given
from hypothesis import strategies as st

from app.common import keys
from app.common.etcd import EtcdClient, Event, KeyValue
from app.master.services.job_filter import JobFilter
from app.master.services.job_index import JobIndex
from app.master.services.job_list import JobList

NAMES = [f"{letter}{number}" for letter in "aBc" for number in range(3)]
GROUPS = [None, "one", "two"]
TAGS = ["x", "y", "z"]

changes = st.lists(  # batches of changes; None: the job is deleted
    st.lists(
        st.tuples(
            st.sampled_from(NAMES),
            st.none() | st.tuples(st.sampled_from(GROUPS), st.lists(st.sampled_from(TAGS), max_size=3)),
        ),
        min_size=1,
        max_size=6,
    ),
    min_size=1,
    max_size=6,
)


def stored(name: str, definition, revision: int) -> KeyValue:
    group, tags = definition
    job = {"name": name, "command": "true", "cronExpr": "@daily", "group": group, "tags": tags}
    return KeyValue(keys.job(name), json.dumps(job).encode(), 1, revision)


@given(changes)
def test_lists_of_a_group_and_of_a_tag_are_those_that_a_look_at_all_jobs_finds(batches):
    index = JobIndex(EtcdClient(["http://127.0.0.1:1"], timeout=1), "UTC")
    jobs = JobList(index, None, lambda: 0)
    known: dict[str, tuple] = {"c1": ("one", ["x"]), "a0": (None, ["x", "y"])}
    revision = 1
    index._rebuild({keys.job(n): stored(n, d, revision) for n, d in known.items()}, revision, "test")
    for batch in batches:
        events = []
        for name, definition in batch:
            revision += 1
            if definition is None:
                known.pop(name, None)
                events.append(Event(True, KeyValue(keys.job(name), b"", 0, revision)))
            else:
                known[name] = definition
                events.append(Event(False, stored(name, definition, revision)))
        before = index.rows()
        shown = {group: index.of_group(before, group) for group in GROUPS}
        copies = {group: list(rows) for group, rows in shown.items()}
        index._apply(events, revision)
        assert shown == copies, "a list that was handed out has changed"
        assert index.of_group(before, "one") is None, "of a state that is over"
        for group in GROUPS:
            wanted = sorted((n for n, d in known.items() if d[0] == group), key=str.casefold)
            assert [row.name for row in jobs.rows(JobFilter(group=group or ""))] == wanted
            for tag in TAGS:
                both = [name for name in wanted if tag in known[name][1]]
                assert [row.name for row in jobs.rows(JobFilter(group=group or "", tag=tag))] == both
        for tag in TAGS:
            wanted = sorted((n for n, d in known.items() if tag in d[1]), key=str.casefold)
            assert [row.name for row in jobs.rows(JobFilter(tag=tag))] == wanted
