"""Where the client commands find the server and their token: options, environment, then what `login` kept."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from app.common.errors import CronError

DEFAULT_URL = "http://127.0.0.1:8000"


class ClientError(CronError):
    """A client command cannot go on; the message says what to do."""


@dataclass(frozen=True)
class Login:
    """What `yuanya login` keeps."""

    url: str
    token: str
    token_id: str = ""


def path() -> Path:
    base = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(base) / "yuanya" / "config.json"


def clean_url(url: str) -> str:
    if not url.startswith(("http://", "https://")):
        raise ClientError(f"--url {url}: must start with http:// or https://")
    return url.rstrip("/")


def save(login: Login) -> None:
    file = path()
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    new = file.with_suffix(".new")
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        json.dump(asdict(login), out)
    new.replace(file)


def load() -> Login | None:
    try:
        return Login(**json.loads(path().read_text()))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as error:
        raise ClientError(f"{path()} cannot be read ({error}). Run `yuanya login` again") from error


def forget() -> None:
    path().unlink(missing_ok=True)


def resolve(url: str | None) -> Login:
    """The server to call and the token for it. The token of `login` goes to the server that made it only."""
    saved = load()
    url = url or os.environ.get("YUANYA_URL")
    token = os.environ.get("YUANYA_TOKEN") or _token_file()
    if token:
        return Login(clean_url(url or (saved.url if saved else DEFAULT_URL)), token)
    if saved is None:
        raise ClientError("Not signed in: run `yuanya login` first, or set YUANYA_URL and YUANYA_TOKEN")
    if url and clean_url(url) != saved.url:
        raise ClientError(f"Signed in at {saved.url}, not at {url}: run `yuanya login --url {url}` first")
    return saved


def _token_file() -> str:
    file = os.environ.get("YUANYA_TOKEN_FILE")
    if not file:
        return ""
    try:
        return Path(file).read_text().strip()
    except OSError as error:
        raise ClientError(f"YUANYA_TOKEN_FILE {file}: {error.strerror}") from error
