"""The options in the URL of a log store, as MongoDB's driver takes them apart."""

from urllib.parse import parse_qsl


def options(url: str) -> dict[str, str]:
    """By their names in lower case: the driver does not care about case. They may be parted by `;` too."""
    query = url.partition("?")[2]
    return {name.lower(): value for name, value in parse_qsl(query, separator="&" if "&" in query else ";")}
