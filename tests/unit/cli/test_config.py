"""Which server is called, and with whose token."""

import pytest

from app.cli import config
from app.cli.config import ClientError, Login


@pytest.fixture(autouse=True)
def clean_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    for name in ("YUANYA_URL", "YUANYA_TOKEN", "YUANYA_TOKEN_FILE"):
        monkeypatch.delenv(name, raising=False)


SAVED = Login("http://one:8000", "yct_saved", "id1")


def test_without_anything_the_message_says_what_to_do():
    with pytest.raises(ClientError, match="run `yuanya login` first"):
        config.resolve(None)


def test_what_login_kept_is_private_and_used():
    config.save(SAVED)
    assert config.path().stat().st_mode & 0o777 == 0o600
    assert config.path().parent.stat().st_mode & 0o777 == 0o700
    assert config.resolve(None) == SAVED
    config.forget()
    assert config.load() is None


def test_a_kept_token_never_goes_to_another_server():
    config.save(SAVED)
    assert config.resolve("http://one:8000/") == SAVED
    with pytest.raises(ClientError, match="yuanya login --url http://two"):
        config.resolve("http://two")


def test_a_token_of_the_environment_wins(monkeypatch, tmp_path):
    config.save(SAVED)
    monkeypatch.setenv("YUANYA_TOKEN", "yct_env")
    assert config.resolve(None) == Login("http://one:8000", "yct_env")
    monkeypatch.setenv("YUANYA_URL", "https://two/")
    assert config.resolve(None) == Login("https://two", "yct_env")
    assert config.resolve("https://three") == Login("https://three", "yct_env")


def test_a_token_file(monkeypatch, tmp_path):
    (tmp_path / "token").write_text("yct_file\n")
    monkeypatch.setenv("YUANYA_TOKEN_FILE", str(tmp_path / "token"))
    assert config.resolve(None) == Login(config.DEFAULT_URL, "yct_file")
    monkeypatch.setenv("YUANYA_TOKEN_FILE", str(tmp_path / "none"))
    with pytest.raises(ClientError, match="YUANYA_TOKEN_FILE"):
        config.resolve(None)


@pytest.mark.parametrize("content", ["{", "[]", '{"url": 1}', '{"url": "a", "token": "b", "colour": "red"}'])
def test_a_damaged_file_is_named(content):
    config.save(SAVED)
    config.path().write_text(content)
    with pytest.raises(ClientError, match=r"config\.json"):
        config.resolve(None)


def test_an_address_needs_its_scheme():
    with pytest.raises(ClientError, match="must start with http"):
        config.clean_url("localhost:8000")
