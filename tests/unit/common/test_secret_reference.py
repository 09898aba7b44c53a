"""`secret:NAME`: which values refer to a secret, and which only look like it."""

import pytest

from app.common.secret_reference import is_plain, literal, name_in


@pytest.mark.parametrize("value", ["", "x", "Secret:x", " secret:x", "secret", "my secret:x"])
def test_other_values_are_plain(value):
    assert is_plain(value)
    assert name_in(value) is None
    assert literal(value) == value


@pytest.mark.parametrize("name", ["a", "db-password", "DB_PASSWORD", "7.key", "x" * 128])
def test_a_reference_names_its_secret(name):
    assert not is_plain(f"secret:{name}")
    assert name_in(f"secret:{name}") == name


@pytest.mark.parametrize("value", ["secret::", "secret::x", "secret::../x"])
def test_two_colons_stand_for_a_text_that_begins_with_secret(value):
    assert name_in(value) is None
    assert literal(value) == value.replace("::", ":", 1)


@pytest.mark.parametrize(
    "name", ["", " ", ".", "..", ".x", "-x", "_x", "a/b", "../x", "a b", "ä", "x\n", "x" * 129]
)
def test_what_cannot_be_the_name_of_a_file_is_refused(name):
    with pytest.raises(ValueError, match="after secret: comes the name"):
        name_in(f"secret:{name}")
