"""Who gets in, and what each may do."""

import re
import threading
import time

import httpx
import pytest
from fastapi.routing import APIRoute

from app.common import keys
from app.master.routes import ROUTERS
from app.master.security import secrets
from app.master.security.roles import Access, Role, needed_access
from tests.harness.poll import wait_until
from tests.integration.master.conftest import ADMIN_PASSWORD, ROLES, Api, Master

PASSWORD = "a fine long pass phrase"
FILES = ("/", "/theme.js", "/favicon.svg", "/assets/{name}", "/static/own/{name}", "/static/swagger/{name}")
OPEN = {
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("POST", "/api/v1/session"),
    ("POST", "/api/v1/session/redeem"),
    *((method, path) for path in FILES for method in ("GET", "HEAD")),
}
ROUTES = [
    (method, route)
    for router in ROUTERS
    for route in router.routes
    if isinstance(route, APIRoute)
    for method in sorted(route.methods or ())
]
PLACE = re.compile(r"\{\w+\}")


def address(route: APIRoute) -> str:
    return PLACE.sub("nothing", route.path)


def test_every_route_of_the_application_is_one_of_ours(master):
    """Anything added in another way would not go through the check."""
    for route in master.app.routes:
        assert getattr(route, "original_router", None) in ROUTERS or route in [r for _, r in ROUTES]


@pytest.mark.parametrize(("method", "route"), ROUTES, ids=lambda v: v if isinstance(v, str) else v.path)
def test_no_route_answers_without_credentials(master, method, route):
    if (method, route.path) in OPEN:
        assert needed_access(route.endpoint) is Access.OPEN
        return
    for headers in ({}, {"Authorization": "Bearer yct_wrong"}, {"Cookie": "yuanya_session=wrong"}):
        answer = httpx.request(method, f"{master.url}{address(route)}", headers=headers, verify=False)
        assert answer.status_code == 401, route.path
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize(("method", "route"), ROUTES, ids=lambda v: v if isinstance(v, str) else v.path)
def test_a_role_opens_what_it_should_and_nothing_more(as_role, method, route):
    needed = needed_access(route.endpoint)
    if not isinstance(needed, Role) or route.path.endswith(("/events", "/stream")):
        return
    for role in ROLES:
        client = as_role(role)
        answer = client.http.request(method, address(route), headers=client.headers, content=b"[]")
        allowed = Role(role).allows(needed)
        # "[]" is no valid body and "nothing" no name: whoever is let in gets another 4xx, or 2xx.
        refused_by_role = answer.status_code == 403 and "role" in answer.json()["detail"]
        assert refused_by_role is not allowed, (role, answer.status_code, answer.text)


def test_an_endpoint_that_says_nothing_answers_nobody(shared_etcd, store_url):
    from fastapi import APIRouter

    router = APIRouter(prefix="/api/v1/forgotten")
    router.add_api_route("", lambda: "secret", methods=["GET"])
    master = Master(shared_etcd, store_url)
    master.app.include_router(router)
    master.start()
    try:
        with httpx.Client(verify=False, base_url=master.url) as http:
            http.post("/api/v1/session", json={"username": "admin", "password": ADMIN_PASSWORD})
            assert http.get("/api/v1/forgotten").status_code == 403
    finally:
        master.stop()


def test_an_operator_may_run_but_not_with_an_environment_of_his_own(api, as_role):
    api.post("/jobs", {"name": "env", "command": "true", "cronExpr": "@daily"})
    assert as_role("operator").post("/jobs/env/run").status_code == 202
    assert as_role("operator").post("/jobs/env/run", {"env": {"LD_PRELOAD": "x"}}).status_code == 403
    assert as_role("editor").post("/jobs/env/run", {"env": {"A": "x"}}).status_code == 202


class TestSession:
    def test_the_cookie_cannot_be_read_by_scripts_or_sent_by_other_sites(self, master):
        answer = httpx.post(
            f"{master.url}/api/v1/session", json={"username": "admin", "password": ADMIN_PASSWORD}
        )
        cookie = answer.headers["Set-Cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
        assert "Secure" not in cookie

    def test_the_cookie_is_for_https_only_unless_the_settings_say_otherwise(self, shared_etcd, store_url):
        master = Master(shared_etcd, store_url, cookie_secure=True).start()
        try:
            answer = httpx.post(
                f"{master.url}/api/v1/session", json={"username": "admin", "password": ADMIN_PASSWORD}
            )
        finally:
            master.stop()
        assert answer.headers["Set-Cookie"].startswith("__Host-yuanya_session=")
        assert "Secure" in answer.headers["Set-Cookie"]

    def test_it_is_known_on_the_other_master_until_it_is_signed_out_on_either(
        self, master, second_master, sign_in
    ):
        api = sign_in(master)
        elsewhere = httpx.Client(verify=False, base_url=second_master.url, cookies=api.http.cookies)
        with elsewhere:
            assert elsewhere.get("/api/v1/session").json()["csrfToken"] == api.csrf
            assert api("DELETE", "/session").status_code == 204
            assert elsewhere.get("/api/v1/session").status_code == 401

    def test_its_secret_is_nowhere_in_etcd(self, api, etcd_client):
        secret = api.http.cookies["yuanya_session"].encode()
        for kv in etcd_client.scan(keys.ROOT).items:
            assert secret not in kv.value
            assert secret.decode() not in kv.key
            assert ADMIN_PASSWORD.encode() not in kv.value

    def test_it_ends_with_its_lease(self, shared_etcd, store_url, sign_in):
        master = Master(shared_etcd, store_url, session_hours=1 / 3600).start()
        try:
            api = sign_in(master)
            wait_until(lambda: api.get("/session").status_code == 401)
        finally:
            master.stop()

    def test_a_write_needs_the_csrf_token_of_this_session(self, api, master, sign_in):
        other = sign_in(master)
        body = {"name": "csrf", "command": "true", "cronExpr": "@daily"}
        for token in ("", "wrong", other.csrf, "\u00e9"):
            answer = api.post("/jobs", body, headers={"X-CSRF-Token": token.encode()})
            assert answer.status_code == 403
        assert api.get("/jobs/csrf").status_code == 404
        assert api.post("/jobs", body).status_code == 201

    def test_a_page_of_another_site_cannot_write_nor_sign_in(self, api, master):
        for origin in ("https://evil.example", "null", f"{master.url}.evil.example"):
            answer = api.post("/jobs/csrf/run", headers={"Origin": origin})
            assert answer.status_code == 403
            signed = httpx.post(
                f"{master.url}/api/v1/session",
                json={"username": "admin", "password": ADMIN_PASSWORD},
                headers={"Origin": origin},
            )
            assert signed.status_code == 403
        assert api.post(
            "/schedules/preview", {"cronExpr": "@daily"}, headers={"Origin": master.url}
        ).is_success

    def test_a_changed_password_ends_the_other_sessions_only(self, api, master, second_master, sign_in):
        api.post("/users", {"name": "changer", "role": "viewer", "password": PASSWORD})
        here, there = sign_in(master, "changer", PASSWORD), sign_in(second_master, "changer", PASSWORD)
        wrong = here(
            "PUT", "/session/password", {"currentPassword": "wrong", "password": "another fine phrase"}
        )
        assert wrong.status_code == 403
        right = here(
            "PUT", "/session/password", {"currentPassword": PASSWORD, "password": "another fine phrase"}
        )
        assert right.status_code == 204
        assert here.get("/session").status_code == 200
        assert there.get("/session").status_code == 401
        assert sign_in(master, "changer", "another fine phrase").get("/session").json()["role"] == "viewer"


class TestUsers:
    @pytest.fixture(scope="class")
    @classmethod
    def person(cls, api, second_master, sign_in):
        """A user with a session and a token, both known to the other master."""
        api.post("/users", {"name": "person", "role": "editor", "password": PASSWORD})
        session = sign_in(second_master, "person", PASSWORD)
        token = session.post("/tokens", {"name": "own", "role": "editor"}).json()["token"]
        with httpx.Client(verify=False, base_url=second_master.url) as http:
            by_token = Api(http, headers={"Authorization": f"Bearer {token}"})
            assert (
                session.get("/session").json()["role"] == by_token.get("/session").json()["role"] == "editor"
            )
            yield session, by_token

    def test_a_smaller_role_acts_at_once_everywhere(self, api, person):
        assert api("PATCH", "/users/person", {"role": "viewer"}).json()["role"] == "viewer"
        assert [client.get("/session").json()["role"] for client in person] == ["viewer", "viewer"]

    def test_disabling_acts_at_once_everywhere_and_can_be_undone(self, api, person):
        api("PATCH", "/users/person", {"disabled": True})
        assert [client.get("/session").status_code for client in person] == [401, 401]
        api("PATCH", "/users/person", {"disabled": False})
        assert [client.get("/session").status_code for client in person] == [200, 200]

    def test_a_deleted_user_does_not_come_back_with_his_name(self, api, person):
        assert api("DELETE", "/users/person").status_code == 204
        assert [client.get("/session").status_code for client in person] == [401, 401]
        api.post("/users", {"name": "person", "role": "admin", "password": PASSWORD})
        assert [client.get("/session").status_code for client in person] == [401, 401]
        api("DELETE", "/users/person")

    def test_the_last_admin_stays(self, api):
        for answer in (
            api("DELETE", "/users/admin"),
            api("PATCH", "/users/admin", {"role": "viewer"}),
            api("PATCH", "/users/admin", {"disabled": True}),
        ):
            assert answer.status_code == 409
        assert api.get("/users").json()["items"][0]["role"] == "admin"

    def test_garbage_among_the_accounts_lets_nobody_in_and_stops_nothing(
        self, api, etcd_client, sign_in, master
    ):
        token = secrets.new_token()
        etcd_client.put(keys.user("garbage"), b"garbage")
        etcd_client.put(keys.token(secrets.digest(token)), b"garbage")
        with httpx.Client(
            verify=False, base_url=master.url, headers={"Authorization": f"Bearer {token}"}
        ) as http:
            assert http.get("/api/v1/jobs").status_code == 401
            wrong = {"username": "garbage", "password": "garbage"}
            assert http.post("/api/v1/session", json=wrong).status_code == 401
        assert "garbage" not in api.get("/users").text
        assert api.get("/tokens").status_code == 200
        assert api("DELETE", "/users/admin").status_code == 409
        assert sign_in(master).get("/session").status_code == 200
        etcd_client.delete(keys.user("garbage"))

    def test_no_answer_has_a_hash(self, api):
        assert "argon2" not in api.get("/users").text
        assert "argon2" not in api.get("/audit?limit=1000").text


class TestTokens:
    def test_a_token_cannot_do_more_than_its_maker_nor_make_others(self, api, as_role, master, sign_in):
        api.post("/users", {"name": "maker", "role": "operator", "password": PASSWORD})
        maker = sign_in(master, "maker", PASSWORD)
        assert maker.post("/tokens", {"name": "more", "role": "editor"}).status_code == 403
        assert as_role("admin").post("/tokens", {"name": "child", "role": "viewer"}).status_code == 403

    def test_it_stops_when_it_is_deleted_or_its_time_is_over(self, api, second_master):
        soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 2))
        dying = api.post("/tokens", {"name": "dying", "role": "viewer", "expiresAt": soon}).json()
        revoked = api.post("/tokens", {"name": "revoked", "role": "viewer"}).json()
        assert api.post("/tokens", {"name": "revoked", "role": "viewer"}).status_code == 409
        with httpx.Client(verify=False, base_url=second_master.url) as http:

            def status(token: dict) -> int:
                return http.get(
                    "/api/v1/session", headers={"Authorization": f"Bearer {token['token']}"}
                ).status_code

            assert (status(dying), status(revoked)) == (200, 200)
            assert api("DELETE", f"/tokens/{revoked['id']}").status_code == 204
            assert status(revoked) == 401
            wait_until(lambda: status(dying) == 401)

    def test_it_is_shown_once_and_stored_as_a_hash(self, api, etcd_client):
        made = api.post("/tokens", {"name": "shown", "role": "viewer"}).json()
        assert made["token"].startswith("yct_")
        assert made["token"] not in api.get("/tokens").text
        assert etcd_client.get(keys.token(secrets.digest(made["token"]))) is not None
        assert all(made["token"].encode() not in kv.value for kv in etcd_client.scan(keys.ROOT).items)

    def test_others_cannot_see_or_delete_it(self, api, master, sign_in, as_role):
        made = api.post("/tokens", {"name": "mine", "role": "viewer"}).json()
        api.post("/users", {"name": "nosy", "role": "editor", "password": PASSWORD})
        nosy = sign_in(master, "nosy", PASSWORD)
        assert nosy.get("/tokens").json()["items"] == []
        assert nosy("DELETE", f"/tokens/{made['id']}").status_code == 404


class TestSignInLimit:
    def attempt(self, master, user: str, password: str = "wrong", **headers) -> httpx.Response:
        with httpx.Client(verify=False, headers=headers) as http:
            return http.post(f"{master.url}/api/v1/session", json={"username": user, "password": password})

    @pytest.fixture(autouse=True)
    def forget(self, etcd_client):
        yield
        for kv in etcd_client.scan(keys.SIGNINS).items:
            etcd_client.delete(kv.key)

    def test_it_is_shared_by_all_masters_and_says_when_to_come_back(self, api, master, second_master):
        api.post("/users", {"name": "limited", "role": "viewer", "password": PASSWORD})
        found = [self.attempt((master, second_master)[n % 2], "limited") for n in range(6)]
        assert [answer.status_code for answer in found] == [401] * 5 + [429]
        assert int(found[-1].headers["Retry-After"]) >= 1
        # The right password does not get around it, and another user is not held up.
        assert self.attempt(second_master, "limited", PASSWORD).status_code == 429
        assert self.attempt(second_master, "admin", ADMIN_PASSWORD).status_code == 200
        wait_until(lambda: self.attempt(master, "limited", PASSWORD).status_code == 200)

    def test_attempts_side_by_side_gain_nothing(self, master):
        found: list[int] = []
        threads = [
            threading.Thread(target=lambda: found.append(self.attempt(master, "racer").status_code))
            for _ in range(12)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert found.count(401) <= 5
        assert set(found) <= {401, 429, 503}

    def test_guesses_of_the_own_password_count_too(self, api, master, sign_in):
        api.post("/users", {"name": "guessed", "role": "viewer", "password": PASSWORD})
        session = sign_in(master, "guessed", PASSWORD)

        def change(current: str) -> httpx.Response:
            body = {"currentPassword": current, "password": "another fine phrase"}
            return session("PUT", "/session/password", body)

        assert [change("wrong").status_code for _ in range(6)] == [403] * 5 + [429]
        wait_until(lambda: change(PASSWORD).status_code == 204)

    def test_an_ipv6_client_gains_nothing_by_its_many_addresses(self, shared_etcd, store_url, etcd_client):
        trusting = Master(shared_etcd, store_url, trusted_proxies=("127.0.0.0/8",)).start()
        try:
            addresses = [f"2001:db8:1:2::{n}" for n in range(5)] + ["2001:db8:1:2:ffff::1", "2001:db8:1:3::1"]
            found = [
                self.attempt(trusting, "roamer", **{"X-Forwarded-For": address}).status_code
                for address in addresses
            ]
            assert found == [401] * 5 + [429, 401]
            mapped = [
                self.attempt(trusting, "mapped", **{"X-Forwarded-For": f"::ffff:192.0.2.{n}"}).status_code
                for n in range(7)
            ]
            assert mapped == [401] * 7
        finally:
            trusting.stop()

    def test_an_unknown_user_gets_the_same_answer_as_a_wrong_password(self, master):
        unknown, wrong = self.attempt(master, "nobody-at-all"), self.attempt(master, "admin")
        assert (unknown.status_code, unknown.json()) == (wrong.status_code, wrong.json())

    def test_a_forwarded_address_counts_only_from_a_trusted_proxy(
        self, master, shared_etcd, store_url, etcd_client
    ):
        trusting = Master(shared_etcd, store_url, trusted_proxies=("127.0.0.1",)).start()
        try:
            for which, expected in ((master, [401] * 5 + [429]), (trusting, [401] * 6)):
                found = [
                    self.attempt(which, "forged", **{"X-Forwarded-For": f"203.0.113.{n}"}).status_code
                    for n in range(6)
                ]
                assert found == expected
                for kv in etcd_client.scan(keys.SIGNINS).items:
                    etcd_client.delete(kv.key)
        finally:
            trusting.stop()


def test_every_answer_has_the_security_headers(master, api):
    for answer in (
        api.get("/jobs"),
        api.get("/nothing"),
        httpx.get(f"{master.url}/healthz"),
        httpx.get(f"{master.url}/docs", headers={"Accept": "text/html"}),
    ):
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
        assert "unsafe" not in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert "Server" not in answer.headers


def test_several_masters_that_start_at_once_make_one_first_account(etcd, tmp_path):
    masters = [Master(etcd, f"sqlite:///{tmp_path}/runs.db") for _ in range(3)]
    threads = [threading.Thread(target=master.start) for master in masters]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    users = etcd.client().scan(keys.USERS).items
    assert [(kv.key, kv.mod_revision == kv.create_revision) for kv in users] == [(keys.user("admin"), True)]
    for master in masters:
        master.stop()


def test_without_accounts_and_password_a_master_is_not_ready(etcd, tmp_path):
    master = Master(etcd, f"sqlite:///{tmp_path}/runs.db", admin_password=None)
    thread = threading.Thread(target=master.server.run, daemon=True)
    thread.start()
    wait_until(lambda: master.server.started)
    answer = httpx.get(f"{master.url}/readyz")
    assert (answer.status_code, answer.json()) == (503, {"ready": False, "parts": None})
    master.server.should_exit = True
    thread.join(10)
    master.store.close()
    master.client.close()
