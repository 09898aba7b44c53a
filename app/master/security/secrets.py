"""Random credentials, of which only the hash is ever stored."""

import hashlib
import hmac
import secrets

TOKEN_PREFIX = "yct_"  # noqa: S105 - what a token starts with, so that scanners of leaked secrets can find it


def new_token() -> str:
    return TOKEN_PREFIX + secrets.token_urlsafe(32)


def new_session() -> str:
    return secrets.token_urlsafe(32)


def new_id() -> str:
    return secrets.token_hex(8)


def digest(secret: str) -> str:
    """The key under which a credential is stored. Its 256 random bits need no slow hash."""
    return hashlib.sha256(secret.encode()).hexdigest()


def csrf_token(session: str) -> str:
    """What a page of ours can know and a foreign one cannot: derived from the session's cookie, so that it
    needs no place to be stored and ends with it.
    """
    return hmac.new(session.encode(), b"csrf", hashlib.sha256).hexdigest()


def same(given: str, expected: str) -> bool:
    """Compares in constant time."""
    return hmac.compare_digest(given.encode(), expected.encode())
