"""Jobs as YAML that people read and job files take."""

import json
from typing import Any

import yaml

from app.common.jobfiles.loader import JSON_NUMBERS
from app.common.models import Job

_Base: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class _Dumper(_Base):  # type: ignore[misc]
    """Scripts of several lines as they are, and no aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: Any, text: str) -> Any:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)
for _resolver in JSON_NUMBERS:  # text that looks like one gets quotes
    _Dumper.add_implicit_resolver(*_resolver)


def settings_of(job: Job) -> dict[str, Any]:
    """What somebody set: the JSON object of a job without its defaults."""
    return dict(json.loads(job.to_json()))


def dump_yaml(settings: dict[str, Any], *, start: bool = False) -> str:
    """One document; `start`: marked as such, to stand among others."""
    text: str = yaml.dump(
        settings, Dumper=_Dumper, allow_unicode=True, sort_keys=False, explicit_start=start, width=1000
    )
    return text
