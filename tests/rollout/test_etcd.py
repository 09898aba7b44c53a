"""The role etcd grants what the program asks for."""

import yaml

from app.common.etcd.rights import RIGHTS
from tests.rollout.render import ROLES


def test_the_role_grants_the_table_of_the_program() -> None:
    granted = yaml.safe_load((ROLES / "etcd" / "vars" / "main.yml").read_text())["etcd_rights"]
    assert granted == {user: {key: access.value for key, access in table} for user, table in RIGHTS.items()}
