"""Hashing and checking passwords. Costs the same whether or not there is such a user."""

import threading

from pwdlib import PasswordHash
from pydantic import SecretStr

from app.common.settings import strong_secret
from app.master.problems import Problem, invalid

MAX_PASSWORD = 1024  # characters
CHECKS_AT_ONCE = 2  # each takes 64 MiB and some 60 ms of all cores
WAIT_SECONDS = 5

_hasher = PasswordHash.recommended()
_turn = threading.BoundedSemaphore(CHECKS_AT_ONCE)
_NOBODYS_HASH = (
    "$argon2id$v=19$m=65536,t=3,p=4$vY68/xIbc30LMbfKInzY8A$QJ1NmstmCh9o8Ev8vxdY+H/KeEayqsKedwBRUEfcCMM"
)


def hash_password(password: str) -> str:
    """Raises a problem that names `password` when it is too weak."""
    if len(password) > MAX_PASSWORD:
        raise invalid("password", f"must have at most {MAX_PASSWORD} characters")
    try:
        strong_secret(SecretStr(password))
    except ValueError as error:
        raise invalid("password", str(error)) from None
    with _Turn():
        return _hasher.hash(password)


def check_password(password: str, password_hash: str | None) -> bool:
    """Whether the password is right. `password_hash` None, for a user who does not exist: False, at the same
    cost.
    """
    with _Turn():
        right = _hasher.verify(password[: MAX_PASSWORD + 1], password_hash or _NOBODYS_HASH)
    return right and password_hash is not None


class _Turn:
    """Bounds the memory and CPU that sign-ins can take."""

    def __enter__(self) -> None:
        if not _turn.acquire(timeout=WAIT_SECONDS):
            raise Problem(503, "Too many sign-ins at the same time.", headers={"Retry-After": "5"})

    def __exit__(self, *error: object) -> None:
        _turn.release()
