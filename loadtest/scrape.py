"""What a process counts on its `/metrics` endpoint."""

from collections import Counter

import httpx
from prometheus_client.parser import text_string_to_metric_families


class Counts:
    """Samples of some endpoints, added up: of one moment, or of the time between two."""

    def __init__(self, samples: Counter[tuple[str, frozenset[tuple[str, str]]]]) -> None:
        self._samples = samples

    def __sub__(self, earlier: "Counts") -> "Counts":
        difference = Counter(self._samples)
        difference.subtract(earlier._samples)
        return Counts(difference)

    def total(self, name: str, **labels: str) -> float:
        """The sum of a metric over all samples that carry these labels; 0 where there is none."""
        wanted = set(labels.items())
        return sum(n for (found, has), n in self._samples.items() if found == name and wanted <= has)

    def by(self, name: str, label: str) -> dict[str, float]:
        """The sum of a metric for each value of a label."""
        values = {dict(has).get(label) for found, has in self._samples if found == name}
        return {value: self.total(name, **{label: value}) for value in sorted(values - {None})}  # type: ignore[type-var]


def scrape(*urls: str) -> Counts:
    """The samples of these endpoints now; raises httpx.HTTPError when one does not answer within 5 s."""
    # Plain HTTP: the certificates that httpx loads at each call by default cost more than all else here.
    samples: Counter[tuple[str, frozenset[tuple[str, str]]]] = Counter()
    for url in urls:
        answer = httpx.get(f"{url}/metrics", timeout=5, verify=False).raise_for_status()
        for family in text_string_to_metric_families(answer.text):
            for sample in family.samples:
                samples[sample.name, frozenset(sample.labels.items())] += sample.value  # type: ignore[assignment]
    return Counts(samples)
