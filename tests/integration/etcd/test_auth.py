"""An etcd that asks for a user and a password."""

import traceback

import grpc
import pytest
from pyetcd import etcdrpc as rpc

from app.common.errors import EtcdError, EtcdUnavailable
from tests.harness.poll import wait_until
from tests.harness.services import Etcd
from tests.integration.etcd.conftest import content

PASSWORD = "correct-horse-battery"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    """An etcd with the users root, victim (as root) and reader (who may read /a/ only)."""
    etcd = Etcd(tmp_path_factory.mktemp("guarded") / "etcd")
    etcd.start()
    with grpc.insecure_channel(f"127.0.0.1:{etcd.port}") as channel:
        auth = rpc.AuthStub(channel)
        auth.RoleAdd(rpc.AuthRoleAddRequest(name="root"))
        for name in ("root", "victim"):
            auth.UserAdd(rpc.AuthUserAddRequest(name=name, password=PASSWORD))
            auth.UserGrantRole(rpc.AuthUserGrantRoleRequest(user=name, role="root"))
        auth.UserAdd(rpc.AuthUserAddRequest(name="reader", password=PASSWORD))
        auth.RoleAdd(rpc.AuthRoleAddRequest(name="reader"))
        grant = rpc.AuthRoleGrantPermissionRequest(name="reader")
        grant.perm.permType, grant.perm.key, grant.perm.range_end = 0, b"/a/", b"/a0"
        auth.RoleGrantPermission(grant)
        auth.UserGrantRole(rpc.AuthUserGrantRoleRequest(user="reader", role="reader"))
        auth.AuthEnable(rpc.AuthEnableRequest())
    # Whether it answers is asked without a password.
    etcd.answers = lambda: "user name is empty" in refusal(etcd.client(timeout=1))
    yield etcd
    etcd.stop()


def refusal(client):
    try:
        client.get("/x")
    except EtcdError as error:
        return str(error)
    return ""


def test_a_client_with_the_password_may_do_everything(guarded, clients):
    client = clients(guarded.endpoint, user="root", password=PASSWORD)
    client.put("/x", b"1")
    assert client.get("/x").value == b"1"
    assert client.keepalive(client.grant(60)) > 0
    assert client.status()[1] > 0


def test_a_client_without_a_password_is_refused(guarded, clients):
    with pytest.raises(EtcdError, match="user name is empty"):
        clients(guarded.endpoint).get("/x")


@pytest.mark.parametrize(("user", "password"), [("root", "wrong-horse-battery"), ("nobody", PASSWORD)])
def test_a_wrong_password_is_an_error_that_does_not_show_it(guarded, clients, user, password):
    client = clients(guarded.endpoint, user=user, password=password)
    with pytest.raises(EtcdError, match="authentication failed") as caught:
        client.get("/x")
    assert not isinstance(caught.value, EtcdUnavailable)
    assert password not in "".join(traceback.format_exception(caught.value))


def test_a_password_for_an_etcd_that_asks_for_none_is_an_error(etcd, clients):
    with pytest.raises(EtcdError, match="authentication is not enabled"):
        clients(etcd.endpoint, user="root", password=PASSWORD).get("/x")


def test_what_a_user_may_not_do_is_an_error(guarded, clients):
    client = clients(guarded.endpoint, user="reader", password=PASSWORD)
    assert client.get("/a/x") is None
    for call in (lambda: client.get("/b/x"), lambda: client.put("/a/x", b"")):
        with pytest.raises(EtcdError, match="permission denied") as caught:
            call()
        assert not isinstance(caught.value, EtcdUnavailable)


def test_a_token_that_etcd_forgot_is_renewed(guarded, clients):
    client = clients(guarded.endpoint, user="root", password=PASSWORD)
    lease = client.grant(60)
    client.put("/x", b"1")
    for call in (
        lambda: client.get("/x"),
        lambda: client.put("/x", b"2"),
        lambda: client.keepalive(lease),
    ):
        guarded.kill()
        guarded.start()  # simple tokens are kept in memory
        assert call()


def test_a_change_of_users_signs_out_only_whom_it_concerns(guarded, clients):
    root = clients(guarded.endpoint, user="root", password=PASSWORD)
    victim = clients(guarded.endpoint, user="victim", password=PASSWORD)
    victim.put("/x", b"1")
    change = rpc.AuthUserChangePasswordRequest(name="victim", password="another")
    root._call(lambda c: c._auth.UserChangePassword, change)
    assert root.get("/x").value == b"1"
    with pytest.raises(EtcdError, match="authentication failed"):
        victim.get("/x")
    assert clients(guarded.endpoint, user="victim", password="another").get("/x").value == b"1"


def test_a_mirror_and_a_session_outlive_a_restart(guarded, clients, mirrors, sessions):
    client = clients(guarded.endpoint, user="root", password=PASSWORD)
    mirror, session = mirrors(client, "/a/"), sessions(client, 5)
    lease = session.lease
    client.put("/a/x", b"1", lease)
    guarded.kill()
    guarded.start()
    client.put("/a/y", b"2")
    wait_until(lambda: "/a/y" in mirror.items, what="the mirror to follow again")
    renewals = len(session.holder.renewed)
    wait_until(lambda: len(session.holder.renewed) > renewals, what="a renewal")
    assert session.lease == lease
    assert mirror.items == content(client, "/a/")


def test_a_mirror_of_keys_that_may_not_be_read_waits_without_haste(guarded, clients, mirrors, caplog):
    client = clients(guarded.endpoint, user="reader", password=PASSWORD)
    mirror = mirrors(client, "/a/", "/b/", wait=False)
    assert not mirror.wait_for(0, 1)
    assert "permission denied" in caplog.text
    assert len(caplog.records) < 5
