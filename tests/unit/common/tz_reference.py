"""Zones as the standard library reads them, from the application's database: the host's may be older."""

import functools
from importlib.resources import files
from zoneinfo import ZoneInfo


@functools.cache
def reference(name):
    with files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)
