"""References of a job's environment become secrets, or the reason why the command cannot start."""

import os

import pytest

from app.worker.command import Launch
from app.worker.job_secrets import SecretMissing, resolve


def launch(**env):
    return Launch(run_id="r", job_name="j", command="x", plan_time=0, worker="w7", env=env)


@pytest.fixture
def secrets(tmp_path):
    tmp_path.chmod(0o700)
    (tmp_path / "db-password").write_text("hunter2-hunter2\n")
    return tmp_path


def test_an_environment_without_references_is_left_as_it_is(tmp_path):
    plain = launch(A="1", B="not secret:x")
    assert resolve(plain, None) == (plain, None)
    assert resolve(plain, None)[0] is plain


def test_a_reference_becomes_the_content_of_its_file_and_is_hidden_in_the_output(secrets):
    given = launch(PASSWORD="secret:db-password", HOST="db")
    complete, mask = resolve(given, secrets)
    assert complete.env == {"PASSWORD": "hunter2-hunter2", "HOST": "db"}
    assert mask.hide(b"hunter2-hunter2\n") == b"***\n"
    assert given.env["PASSWORD"] == "secret:db-password"


def test_a_changed_secret_counts_from_the_next_start_on(secrets):
    (secrets / "db-password").write_text("new-password")
    assert resolve(launch(P="secret:db-password"), secrets)[0].env["P"] == "new-password"


def test_a_text_that_begins_with_secret_is_written_with_two_colons():
    complete, mask = resolve(launch(A="secret::x", B="secret:::"), None)
    assert complete.env == {"A": "secret:x", "B": "secret::"}
    assert mask is None


def test_bytes_that_are_no_text_reach_the_command_as_they_are(secrets):
    (secrets / "raw").write_bytes(b"\xff\xfe-\xe9")
    complete, _ = resolve(launch(A="secret:raw"), secrets)
    assert os.fsencode(complete.env["A"]) == b"\xff\xfe-\xe9"


@pytest.mark.parametrize(
    "reference", ["secret:", "secret:../x", "secret:/etc/passwd", "secret:.x", "secret:a b", "secret:-"]
)
def test_a_name_that_is_none_is_refused_before_any_file_is_touched(reference, secrets):
    with pytest.raises(SecretMissing, match="after secret: comes the name of a secret"):
        resolve(launch(A=reference), secrets)


def test_without_a_directory_the_reason_names_secret_variable_and_worker():
    with pytest.raises(SecretMissing) as caught:
        resolve(launch(PASSWORD="secret:db-password"), None)
    assert str(caught.value) == "secret:db-password for PASSWORD: worker w7 has no YUANYA_JOB_SECRETS_DIR"


def test_a_missing_secret_is_named_with_variable_and_worker(secrets):
    with pytest.raises(SecretMissing) as caught:
        resolve(launch(PASSWORD="secret:none"), secrets)
    assert str(caught.value) == (
        f"secret:none for PASSWORD: on worker w7: none in {secrets}: No such file or directory"
    )
