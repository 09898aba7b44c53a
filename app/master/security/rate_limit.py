"""The limit of sign-in attempts, kept in etcd so that all masters share it.

Attempts are counted for the pair of user and address, for the address, and for the user. Each has a number of
free attempts; every one beyond doubles the time until the next, up to a limit that is short for the user
alone, so that strangers cannot lock somebody out. An attempt counts before the password is checked, so
attempts side by side gain nothing; a success takes it back.
"""

import hashlib
import ipaddress
from dataclasses import dataclass
from typing import NamedTuple

from pydantic import ValidationError

from app.common import keys
from app.common.etcd import EtcdClient, KeyValue, txn
from app.common.metrics.master import SIGN_INS
from app.common.models.base import CamelModel
from app.master.clock import Clock
from app.master.problems import Problem

FORGET_SECONDS = 900  # without an attempt
HOME_NETWORK = 64  # bits that one IPv6 client shares with all the addresses it may take

RETRIES = 20  # of a transaction that met another attempt


class Rule(NamedTuple):
    free: int  # attempts
    longest_block: int  # seconds


RULES = {"pair": Rule(5, 300), "address": Rule(20, 300), "user": Rule(50, 10)}


class Attempts(CamelModel):
    """`/cron/signins/<digest>`: how many, and until when (epoch ms) no more are answered."""

    count: int = 0
    blocked_until: int = 0


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt that was let through: the counters it stands in, as they were before and with their
    revision.
    """

    before: dict[str, Attempts]
    revision: int
    address: str  # the key of its counter


class SignInLimit:
    def __init__(self, client: EtcdClient, now: Clock) -> None:
        self._client, self._now = client, now

    def admit(self, user: str | None, address: str) -> Attempt:
        """Count an attempt; without a user, one that names nobody. Raises 429 with Retry-After instead, while
        there were too many.
        """
        address = _home(address)
        by_address = _key("address", address)
        scopes = {by_address: RULES["address"]}
        if user is not None:
            scopes[_key("pair", f"{user}\0{address}")] = RULES["pair"]
            scopes[_key("user", user)] = RULES["user"]
        for _ in range(RETRIES):
            found, _revision = self._client.get_many(list(scopes))
            now = self._now()
            before = {key: _parse(kv) for key, kv in zip(scopes, found, strict=True)}
            self._refuse_if_blocked(before, now)
            lease = self._client.grant(FORGET_SECONDS)
            counted = self._client.txn(
                [
                    txn.mod_revision_is(key, kv.mod_revision if kv else 0)
                    for key, kv in zip(scopes, found, strict=True)
                ],
                [
                    txn.put(key, _one_more(before[key], rule, now).to_json(), lease)
                    for key, rule in scopes.items()
                ],
            )
            if counted.succeeded:
                return Attempt(before, counted.revision, by_address)
        raise Problem(503, "Too many sign-ins at the same time.", headers={"Retry-After": "1"})

    def succeeded(self, attempt: Attempt) -> None:
        """Take the attempt back: the pair and the user are forgotten, the address gets its count back unless
        others tried from it meanwhile.
        """
        address = attempt.address
        earlier = attempt.before[address]
        forgotten = [txn.delete(key) for key in attempt.before if key != address]
        self._client.txn(
            [txn.mod_revision_is(address, attempt.revision)],
            [
                *forgotten,
                txn.put(address, earlier.to_json(), self._client.grant(FORGET_SECONDS))
                if earlier.count
                else txn.delete(address),
            ],
            forgotten,
        )

    @staticmethod
    def _refuse_if_blocked(attempts: dict[str, Attempts], now: int) -> None:
        blocked_until = max(a.blocked_until for a in attempts.values())
        if blocked_until > now:
            SIGN_INS.labels("limited").inc()
            seconds = -(-(blocked_until - now) // 1000)
            raise Problem(
                429,
                f"Too many sign-in attempts. Try again in {seconds} s.",
                headers={"Retry-After": str(seconds)},
            )


def _one_more(attempts: Attempts, rule: Rule, now: int) -> Attempts:
    count = attempts.count + 1
    beyond = count - rule.free
    block = min(2 ** min(beyond, 16), rule.longest_block) if beyond >= 0 else 0
    return Attempts(count=count, blocked_until=now + block * 1000)


def _home(address: str) -> str:
    """What counts as one address."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped:  # of a socket that takes both kinds
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, HOME_NETWORK), strict=False))


def _key(scope: str, value: str) -> str:
    return keys.signins(hashlib.sha256(f"{scope}\0{value}".encode()).hexdigest())


def _parse(kv: KeyValue | None) -> Attempts:
    try:
        return Attempts.model_validate_json(kv.value) if kv else Attempts()
    except ValidationError:
        return Attempts()
