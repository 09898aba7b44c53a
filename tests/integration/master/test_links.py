"""Links that sign in once."""

import threading

import httpx
import pytest

from app.common import keys
from app.master.clock import wall_clock_ms
from app.master.services.accounts import links
from tests.harness.poll import wait_until
from tests.integration.master.conftest import Api, Master

PASSWORD = "a fine long pass phrase"


def secret_of(api: Api) -> str:
    answer = api.post("/session/link")
    assert answer.status_code == 200, answer.text
    path, mark, secret = answer.json()["path"].partition("?link=")
    assert (path, mark) == ("/#/sign-in", "?link=")
    return secret


def redeem(master: Master, secret: object) -> httpx.Response:
    return httpx.post(f"{master.url}/api/v1/session/redeem", json={"link": secret})


@pytest.fixture
def person(api, master, sign_in, request) -> Api:
    name = request.node.name[:60].replace("[", "-").rstrip("]")
    assert api.post("/users", {"name": name, "role": "operator", "password": PASSWORD}).status_code == 201
    return sign_in(master, name, PASSWORD)


@pytest.fixture(autouse=True)
def _no_limit(etcd_client):
    yield
    for kv in etcd_client.scan(keys.SIGNINS).items:
        etcd_client.delete(kv.key)


def test_it_signs_in_its_maker_on_any_master_once(person, second_master, api):
    secret = secret_of(person)
    answer = redeem(second_master, secret)
    assert answer.status_code == 200
    me = person.get("/session").json()
    signed_in = answer.json()
    assert (signed_in["user"], signed_in["role"]) == (me["user"], "operator")
    assert "HttpOnly" in answer.headers["Set-Cookie"]
    with httpx.Client(base_url=second_master.url, cookies=answer.cookies) as http:
        session = Api(http, signed_in["csrfToken"])
        assert session.get("/session").json()["user"] == me["user"]
        assert session("DELETE", "/session").status_code == 204
    again = redeem(second_master, secret)
    assert (again.status_code, "used already" in again.json()["detail"]) == (401, True)
    assert "Set-Cookie" not in again.headers
    actions = [e["action"] for e in api.get(f"/audit?target={me['user']}&kind=session").json()["items"]]
    assert actions == ["session.delete", "session.create", "session.link", "session.create"]
    refused = api.get("/audit?action=session.refused").json()["items"][0]
    assert (refused["target"], refused["detail"]["via"]) == ("(unknown)", "link")


def test_a_chain_of_links_prolongs_no_session(person, master):
    ends = person.get("/session").json()["expiresAt"]
    first = redeem(master, secret_of(person))
    with httpx.Client(base_url=master.url, cookies=first.cookies) as http:
        assert Api(http).get("/session").json()["expiresAt"] == ends
        second = redeem(master, secret_of(Api(http, first.json()["csrfToken"])))
    assert [answer.json()["expiresAt"] for answer in (first, second)] == [ends, ends]


def test_what_it_opened_outlives_the_sign_out_of_its_maker(person, master):
    secret = secret_of(person)
    assert person("DELETE", "/session").status_code == 204
    answer = redeem(master, secret)
    with httpx.Client(base_url=master.url, cookies=answer.cookies) as http:
        assert Api(http).get("/session").status_code == 200


def test_of_many_who_try_at_once_one_gets_in(person, master, second_master):
    secret = secret_of(person)
    gate, codes = threading.Barrier(8), []

    def attempt(at: Master) -> None:
        gate.wait()
        codes.append(redeem(at, secret).status_code)

    threads = [threading.Thread(target=attempt, args=([master, second_master][n % 2],)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes.count(200) == 1
    assert set(codes) <= {200, 401, 429, 503}


def test_its_secret_is_nowhere_in_etcd_and_goes_with_its_lease(person, etcd_client, monkeypatch):
    monkeypatch.setattr(links, "TTL_SECONDS", 1)
    secret = secret_of(person)
    found = etcd_client.scan(keys.ROOT).items
    assert any(kv.key.startswith(keys.LINKS) for kv in found)
    for kv in found:
        assert secret.encode() not in kv.value
        assert secret not in kv.key
    wait_until(lambda: etcd_client.count(keys.LINKS) == 0, what="the end of the lease")


def test_an_expired_one_is_refused_even_while_etcd_still_has_it(shared_etcd, store_url, sign_in):
    late = threading.Event()
    master = Master(shared_etcd, store_url, now=lambda: wall_clock_ms() + (601_000 if late.is_set() else 0))
    master.start()
    try:
        api = sign_in(master)
        first, second = secret_of(api), secret_of(api)
        assert redeem(master, first).status_code == 200
        late.set()
        assert redeem(master, second).status_code == 401
    finally:
        master.stop()


@pytest.mark.parametrize("change", [{"password": "another fine phrase"}, {"disabled": True}])
def test_it_ends_with_the_password_and_with_the_account(person, api, master, change):
    secret = secret_of(person)
    name = person.get("/session").json()["user"]
    assert api("PATCH", f"/users/{name}", change).status_code == 200
    assert redeem(master, secret).status_code == 401


def test_a_token_makes_none(as_role):
    assert as_role("admin").post("/session/link").status_code == 403


def test_nobody_makes_more_than_a_few(person, etcd_client):
    for _ in range(links.MAX_LINKS):
        secret_of(person)
    answer = person.post("/session/link")
    assert (answer.status_code, "unused links" in answer.json()["detail"]) == (429, True)
    for kv in etcd_client.scan(keys.LINKS).items:
        etcd_client.delete(kv.key)


def test_guessing_is_slowed_down(person, master):
    secret = secret_of(person)
    codes = [redeem(master, f"wrong-{n}").status_code for n in range(21)]
    assert codes == [401] * 20 + [429]
    blocked = redeem(master, secret)
    assert (blocked.status_code, int(blocked.headers["Retry-After"]) >= 1) == (429, True)


@pytest.mark.parametrize("body", [{}, {"link": ""}, {"link": 1}, {"link": "x" * 300}, {"link": "a", "x": 1}])
def test_a_bad_body_names_the_field(master, body):
    answer = httpx.post(f"{master.url}/api/v1/session/redeem", json=body)
    assert answer.status_code == 422
    assert [e["field"] for e in answer.json()["errors"]] == ["x" if "x" in body else "link"]
