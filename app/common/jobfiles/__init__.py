"""Jobs as text: crontabs, YAML and JSON. Pure: text in, jobs out, with what is wrong and what to know."""

from app.common.jobfiles.crontab_jobs import KEPT_ON_SERVER, Crontabs, Options, Source, jobs_of_crontabs
from app.common.jobfiles.documents import jobs_of_documents
from app.common.jobfiles.dump import dump_yaml, settings_of
from app.common.jobfiles.found import Found, TextError

__all__ = [
    "KEPT_ON_SERVER",
    "Crontabs",
    "Found",
    "Options",
    "Source",
    "TextError",
    "dump_yaml",
    "jobs_of_crontabs",
    "jobs_of_documents",
    "settings_of",
]
