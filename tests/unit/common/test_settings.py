"""Settings: where they come from, what is refused, and that no secret is ever shown."""

import json
import os
import socket
import traceback

import pytest
from pydantic import ValidationError

from app.common.errors import SettingsError
from app.common.settings import CommonSettings, MasterSettings, WorkerSettings, load

SECRET = "correct-horse-battery"


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch, tmp_path):
    """No variables and no .env but those of the test."""
    for name in [n for n in os.environ if n.startswith("YUANYA_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def env(monkeypatch):
    """env(ETCD_USER="root") sets YUANYA_ETCD_USER."""

    def set_all(**variables):
        for name, value in variables.items():
            monkeypatch.setenv(f"YUANYA_{name}", value)

    return set_all


def refusal(role=CommonSettings, **overrides):
    with pytest.raises(SettingsError) as caught:
        load(role, **overrides)
    return str(caught.value)


# Where they come from


def test_without_anything_the_defaults_are_those_of_one_machine():
    master, worker = load(MasterSettings), load(WorkerSettings)
    assert master.etcd_endpoints == worker.etcd_endpoints == ("http://127.0.0.1:2379",)
    assert (master.host, master.port, master.admin_password) == ("127.0.0.1", 8000, None)
    assert worker.worker_id == socket.gethostname()
    assert (worker.timezone, worker.lease_ttl_seconds) == ("UTC", 30)


def test_the_environment_is_read_with_lists_and_mappings_as_json(env):
    env(
        ETCD_ENDPOINTS='["http://10.0.0.1:2379", "https://[::1]:2379"]',
        LABELS='{"zone": "a"}',
        CAPACITY="7",
        LOG_JSON="true",
        TIMEZONE="Asia/Shanghai",
    )
    worker = load(WorkerSettings)
    assert worker.etcd_endpoints == ("http://10.0.0.1:2379", "https://[::1]:2379")
    assert (worker.labels, worker.capacity, worker.log_json) == ({"zone": "a"}, 7, True)
    assert worker.timezone == "Asia/Shanghai"


def test_the_file_is_read_the_environment_beats_it_and_the_command_line_beats_both(env, tmp_path):
    (tmp_path / ".env").write_text(
        "# 注释\nYUANYA_PORT=1001\nYUANYA_HOST=10.0.0.1\nYUANYA_TIMEZONE=Europe/Berlin\nOTHER=1\n"
    )
    env(PORT="1002", HOST="10.0.0.2")
    master = load(MasterSettings, port=1003, host=None)
    assert (master.port, master.host, master.timezone) == (1003, "10.0.0.2", "Europe/Berlin")


def test_an_empty_variable_is_one_that_is_not_set(env):
    env(ADMIN_PASSWORD="", TIMEZONE="", ETCD_ENDPOINTS="")
    assert load(MasterSettings).admin_password is None


def test_settings_cannot_be_changed():
    with pytest.raises(ValidationError, match="frozen"):
        load(CommonSettings).timezone = "Asia/Shanghai"


# What is refused


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("TIMEZONE", "Mars/Olympus", "unknown time zone 'Mars/Olympus'"),
        ("TIMEZONE", "utc", "unknown time zone 'utc'; did you mean UTC?"),
        ("TIMEZONE", "posix/UTC", "unknown time zone"),
        ("TIMEZONE", "../../etc/passwd", "unknown time zone"),
        ("ETCD_ENDPOINTS", "http://10.0.0.1:2379", "must be JSON"),
        ("ETCD_ENDPOINTS", "[]", "Tuple should have at least 1 item"),
        ("ETCD_ENDPOINTS", '["10.0.0.1:2379"]', "each must start with http:// or https://"),
        ("ETCD_ENDPOINTS", '["http://a:1", "ftp://b"]', "each must start with http:// or https://"),
        ("ETCD_ENDPOINTS", '["http://"]', "each must be http://HOST:PORT"),
        ("ETCD_ENDPOINTS", '["http://a:99999"]', "each must be http://HOST:PORT"),
        ("ETCD_ENDPOINTS", '["http://a:port"]', "each must be http://HOST:PORT"),
        ("ETCD_ENDPOINTS", '["http://[::1"]', "each must be http://HOST:PORT"),
        ("ETCD_ENDPOINTS", '["http://root:hunter2hunter2@a:2379"]', "each must be http://HOST:PORT"),
        ("ETCD_ENDPOINTS", '["http://a:2379/path"]', "each must be http://HOST:PORT"),
        ("ETCD_TIMEOUT_SECONDS", "0", "Input should be greater than 0"),
        ("ETCD_TIMEOUT_SECONDS", "nan", "Input should be"),
        ("STORE_URL", "postgres://x", "String should match pattern"),
        ("LABELS", "zone=a", "must be JSON"),
        ("LABELS", '["a"]', "Input should be a valid dictionary"),
        ("CAPACITY", "many", "Input should be a valid integer"),
        ("CAPACITY", "0", "Input should be greater than or equal to 1"),
        ("WORKER_ID", "a/b", "String should match pattern"),
        ("WORKER_ID", "x" * 129, "String should match pattern"),
        ("WORKER_ID", "x\n", "String should match pattern"),
        ("LEASE_TTL_SECONDS", "4", "Input should be greater than or equal to 5"),
        ("HEARTBEAT_SECONDS", "15", "Input should be less than or equal to 10"),
        ("LOG_LEVEL", "LOUD", "String should match pattern"),
    ],
)
def test_a_bad_value_is_one_clear_line_with_its_variable(env, variable, value, message):
    env(**{variable: value})
    line = refusal(WorkerSettings)
    assert line.startswith(f"YUANYA_{variable}: {message}")
    assert "\n" not in line


@pytest.mark.parametrize(
    "proxy", ["*", "0.0.0.0/0", "::/0", "proxy.example.com", "", "10.0.0.5/24", "10.0.0.256"]
)
def test_a_proxy_is_an_address_or_a_network_and_never_everybody(env, proxy):
    env(TRUSTED_PROXIES=json.dumps(["10.0.0.5", proxy]))
    assert refusal(MasterSettings).startswith("YUANYA_TRUSTED_PROXIES: each must be an address or a network")


def test_addresses_and_networks_of_proxies_are_accepted(env):
    env(TRUSTED_PROXIES='["10.0.0.5", "10.1.0.0/28", "2001:db8::/64", "::1"]')
    assert len(load(MasterSettings).trusted_proxies) == 4


def test_every_bad_variable_has_a_line(env):
    env(TIMEZONE="x", CAPACITY="x", PORT="x")
    assert [line.partition(":")[0] for line in refusal(WorkerSettings).splitlines()] == [
        "YUANYA_TIMEZONE",
        "YUANYA_CAPACITY",
    ]


def test_a_bad_option_of_the_command_line_is_refused_alike():
    assert refusal(MasterSettings, port=0).startswith(
        "YUANYA_PORT: Input should be greater than or equal to 1"
    )


def test_a_file_that_is_not_utf8_is_refused(tmp_path):
    (tmp_path / ".env").write_bytes("# 注释\n".encode("gbk"))
    assert refusal() == "The file .env is not UTF-8 text."


@pytest.mark.parametrize(
    ("given", "other"),
    [
        ("ETCD_USER", "ETCD_PASSWORD"),
        ("ETCD_PASSWORD", "ETCD_USER"),
        ("ETCD_CERT", "ETCD_KEY"),
        ("ETCD_KEY", "ETCD_CERT"),
    ],
)
def test_half_of_a_pair_is_refused(env, given, other):
    env(**{given: "value"})
    line = refusal()
    assert f"YUANYA_{given}" in line
    assert f"YUANYA_{other}" in line
    assert line.endswith("give both or neither")


def test_both_of_a_pair_are_accepted(env):
    env(ETCD_USER="root", ETCD_PASSWORD="x", ETCD_CERT="/c", ETCD_KEY="/k")
    assert load(CommonSettings).etcd_user == "root"


# Secrets


@pytest.fixture
def files(env, tmp_path):
    """files(store_url="mongodb://...") puts that setting into a file of the directory with secrets."""
    folder = tmp_path / "secrets"
    folder.mkdir(mode=0o750)
    env(SECRETS_DIR=str(folder))

    def put(mode=0o640, **settings):
        for name, value in settings.items():
            (folder / f"yuanya_{name}").write_text(value)
            (folder / f"yuanya_{name}").chmod(mode)
        return folder

    return put


def test_settings_are_read_from_files_too(files):
    files(store_url=f"mongodb://cron:{SECRET}@db/cron\n", etcd_user="root\n", etcd_password=SECRET)
    master = load(MasterSettings)
    assert master.store_url == f"mongodb://cron:{SECRET}@db/cron"
    assert (master.etcd_user, master.etcd_password.get_secret_value()) == ("root", SECRET)


def test_the_environment_beats_the_files_and_these_beat_the_file_env(files, env, tmp_path):
    (tmp_path / ".env").write_text(
        "YUANYA_HOST=10.0.0.3\nYUANYA_TIMEZONE=Asia/Tokyo\nYUANYA_LOG_LEVEL=ERROR\n"
    )
    files(host="10.0.0.2", timezone="Asia/Shanghai", port="1002")
    env(HOST="10.0.0.1")
    master = load(MasterSettings, port=1001)
    assert (master.host, master.timezone, master.log_level) == ("10.0.0.1", "Asia/Shanghai", "ERROR")
    assert master.port == 1001


def test_a_setting_of_another_role_is_ignored_and_so_are_foreign_files(files):
    folder = files(worker_id="w1", admin_password=SECRET)
    (folder / "README").write_text("x")
    (folder / "..data").mkdir()
    assert load(WorkerSettings).worker_id == "w1"
    assert load(MasterSettings).admin_password.get_secret_value() == SECRET


@pytest.mark.parametrize(
    ("settings", "mode", "why"),
    [
        ({"store_ulr": "mongodb://db/cron"}, 0o640, "is no setting"),
        ({"store_url": ""}, 0o640, "is empty"),
        ({"etcd_password": "x" * 40_000}, 0o640, "has more than 32768 bytes"),
        ({"etcd_password": f"{SECRET}\0"}, 0o640, "holds a NUL byte"),
    ],
)
def test_a_file_that_is_no_secret_is_refused_by_its_name(files, settings, mode, why):
    folder = files(mode, **settings)
    (name,) = settings
    assert refusal() == f"YUANYA_SECRETS_DIR: yuanya_{name} in {folder} {why}"


def test_a_file_that_every_user_may_read_is_refused(files):
    folder = files(0o644, store_url=f"mongodb://cron:{SECRET}@db/cron")
    folder.chmod(0o755)
    line = refusal()
    assert line.startswith(f"YUANYA_SECRETS_DIR: yuanya_store_url in {folder} is open to every user")
    assert SECRET not in line


def test_a_secret_that_is_not_utf8_is_refused(files):
    folder = files(etcd_password="x")
    (folder / "yuanya_etcd_password").write_bytes(b"\xff\xfe")
    assert refusal() == f"YUANYA_SECRETS_DIR: yuanya_etcd_password in {folder} is not UTF-8 text"


def test_a_link_out_of_the_directory_is_refused(files, tmp_path):
    folder = files()
    (tmp_path / "outside").write_text(SECRET)
    (folder / "yuanya_etcd_password").symlink_to(tmp_path / "outside")
    assert "is a link to a file outside of it" in refusal()


def test_a_directory_that_is_not_there_is_refused(env, tmp_path):
    env(SECRETS_DIR=str(tmp_path / "none"))
    assert refusal() == f"YUANYA_SECRETS_DIR: {tmp_path / 'none'}: No such file or directory"


def test_a_file_instead_of_the_directory_is_refused(env, tmp_path):
    (tmp_path / "file").touch()
    env(SECRETS_DIR=str(tmp_path / "file"))
    assert refusal() == f"YUANYA_SECRETS_DIR: {tmp_path / 'file'}: Not a directory"


def test_a_weak_secret_in_a_file_is_refused_and_not_shown(files):
    files(admin_password="hunter2")
    line = refusal(MasterSettings)
    assert line == "YUANYA_ADMIN_PASSWORD: must have at least 12 characters"


@pytest.mark.parametrize(
    "weak",
    [
        "tiny-zq",
        "elevenchars",
        "changeme1234",
        "Password!!!!",
        "admin-2030-01",
        "...secret...",
        "aaaaaaaaaaaa",
        "121212121212",
        "yuanya000000",
    ],
)
@pytest.mark.parametrize("variable", ["ADMIN_PASSWORD", "METRICS_TOKEN"])
def test_a_short_or_well_known_secret_is_refused_and_not_shown(env, variable, weak):
    env(**{variable: weak})
    with pytest.raises(SettingsError) as caught:
        load(MasterSettings)
    assert str(caught.value).startswith(f"YUANYA_{variable}: ")
    assert weak not in "".join(traceback.format_exception(caught.value))


def test_a_good_secret_is_accepted_and_not_shown(env):
    env(ADMIN_PASSWORD=SECRET, METRICS_TOKEN=SECRET, ETCD_USER="root", ETCD_PASSWORD=SECRET)
    master = load(MasterSettings)
    assert master.admin_password.get_secret_value() == SECRET
    assert SECRET not in f"{master} {master!r} {master.model_dump()} {master.model_dump_json()}"


def test_the_password_of_the_store_is_not_shown(env):
    env(STORE_URL=f"mongodb://cron:{SECRET}@db/cron")
    settings = load(CommonSettings)
    assert SECRET in settings.store_url
    assert SECRET not in f"{settings} {settings!r}"


@pytest.mark.parametrize(
    "option",
    [
        "tlsInsecure=true",
        "tls=true&tlsAllowInvalidCertificates=True",
        "a=b&TLSALLOWINVALIDHOSTNAMES=1",
        "tls=true;tlsInsecure=1",
    ],
)
def test_a_store_whose_certificate_would_not_be_checked_is_refused(env, option):
    env(STORE_URL=f"mongodb://cron:{SECRET}@db/cron?{option}")
    with pytest.raises(
        SettingsError, match=r"YUANYA_STORE_URL: (?i:tls\w+) lets anyone .*tlsCAFile"
    ) as caught:
        load(CommonSettings)
    assert SECRET not in "".join(traceback.format_exception(caught.value))


def test_a_store_with_tls_and_its_checks_is_accepted(env):
    url = "mongodb://db/cron?tls=true&tlsCAFile=/ca.pem&tlsCertificateKeyFile=/me.pem&tlsInsecure=false"
    env(STORE_URL=url)
    assert load(CommonSettings).store_url == url


@pytest.mark.parametrize(
    "variables",
    [
        {"STORE_URL": f"postgres://cron:{SECRET}@db"},
        {"ETCD_PASSWORD": SECRET},
        {"ETCD_ENDPOINTS": f'["http://root:{SECRET}@a:2379"]'},
        {"ETCD_ENDPOINTS": f"http://root:{SECRET}@a:2379"},
        {"ADMIN_PASSWORD": SECRET, "PORT": "0"},
        {"ADMIN_PASSWORD": SECRET, "ETCD_USER": "root"},
    ],
)
def test_no_refusal_shows_a_secret_not_even_its_traceback(env, variables):
    env(**variables)
    with pytest.raises(SettingsError) as caught:
        load(MasterSettings)
    assert SECRET not in "".join(traceback.format_exception(caught.value))


def test_a_refusal_that_is_not_explained_by_load_shows_no_value_either(env):
    env(STORE_URL=f"postgres://cron:{SECRET}@db")
    with pytest.raises(ValidationError) as caught:
        CommonSettings()
    assert SECRET not in str(caught.value)
