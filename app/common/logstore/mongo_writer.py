"""How a batch of rows, and the job states it changes, get into MongoDB without a transaction."""

import random
import time
from collections.abc import Collection, Iterator

from pymongo import InsertOne, ReplaceOne
from pymongo.collection import Collection as MongoCollection
from pymongo.errors import BulkWriteError

from app.common.errors import StoreUnavailable
from app.common.logstore import clashes, mongo_docs, states
from app.common.logstore.mongo_docs import Document
from app.common.logstore.mongo_errors import clashed_ids
from app.common.models import Run

_ATTEMPTS = 20  # at a row or state that other writers keep changing


class MongoWriter:
    """Rows are inserted first; only those that clash are looked at. The states of their jobs follow.

    A crash between the two is mended by whoever stores one of these rows again: the replay of the batch, or
    the recovery that records the run as lost. For that, states take in known rows too.
    """

    def __init__(self, log: MongoCollection[Document], states: MongoCollection[Document]) -> None:
        self._log = log
        self._states = states

    def write(self, runs: list[Run]) -> clashes.Sorted:
        done = clashes.sort_out(runs, {})
        clashed = self._insert(done.write.values())
        for _ in _attempts("rows"):
            if not clashed:
                break
            again = [done.write.pop(row_id) for row_id in clashed]
            found = self._log.find({"_id": {"$in": clashed}}, mongo_docs.LIST_FIELDS)
            late = clashes.sort_out(again, {row["_id"]: mongo_docs.to_run(row) for row in found})
            vanished = [run for row_id, run in late.write.items() if row_id not in late.replaced]
            clashed = self._insert(vanished) + self._replace(late)
            done.write |= late.write
            done.known += late.known
            done.doubles += late.doubles
        self._take_in([*done.write.values(), *done.known])
        return done

    def _insert(self, runs: Collection[Run]) -> list[str]:
        """The ids that were there already."""
        try:
            if runs:
                self._log.insert_many(map(mongo_docs.of_run, runs), ordered=False)
        except BulkWriteError as error:
            return clashed_ids(error)
        return []

    def _replace(self, batch: clashes.Sorted) -> list[str]:
        """Replace rows that are still as they were judged. If one is not, all ids, to be judged again."""
        guarded = [
            ReplaceOne(
                {"_id": row_id, "status": have.status.value, "count": have.count},
                mongo_docs.of_run(batch.write[row_id]),
            )
            for row_id, have in batch.replaced.items()
        ]
        if guarded and self._log.bulk_write(guarded, ordered=False).matched_count < len(guarded):
            return list(batch.replaced)
        return []

    def _take_in(self, rows: Collection[Run]) -> None:
        """Bring the states of the jobs of these rows up to date.

        A state is written only as the version after the one read: concurrent writers do not undo each other.
        """
        names = states.job_names(rows)
        for _ in _attempts("job states"):
            found, versions = {}, {}
            for document in self._states.find({"_id": {"$in": names}}):
                state = mongo_docs.to_state(document)
                found[state.job_name], versions[state.job_name] = state, document["version"]
            writes: list[InsertOne[Document] | ReplaceOne[Document]] = []
            for state in states.take_in(found, rows):
                version = versions.get(state.job_name, 0)
                document = mongo_docs.of_state(state, version + 1)
                if version:
                    writes.append(ReplaceOne({"_id": state.job_name, "version": version}, document))
                else:
                    writes.append(InsertOne(document))
            if self._all_written(writes):
                return

    def _all_written(self, writes: list[InsertOne[Document] | ReplaceOne[Document]]) -> bool:
        try:
            result = self._states.bulk_write(writes, ordered=False) if writes else None
        except BulkWriteError as error:
            clashed_ids(error)
            return False
        return result is None or result.matched_count + result.inserted_count == len(writes)


def _attempts(at_what: str) -> Iterator[None]:
    """Attempts, with growing random pauses between them. Raises StoreUnavailable when they are used up."""
    for attempt in range(_ATTEMPTS):
        yield
        time.sleep(random.uniform(0, 0.002 * 2 ** min(attempt, 6)))
    raise StoreUnavailable(f"MongoDB: other writers kept changing the same {at_what}")
