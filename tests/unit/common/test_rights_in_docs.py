"""docs/secure.md grants by hand what the program says it needs at etcd."""

import re
from pathlib import Path

from app.common.etcd.rights import RIGHTS

GUIDE = Path(__file__).parents[3] / "docs" / "secure.md"


def test_the_guide_grants_exactly_the_rights_that_are_needed():
    granted = {
        (role, f"/cron/{part}/", access)
        for role, access, parts in re.findall(r"^grant (\S+) (\S+) '(.*)'$", GUIDE.read_text(), re.MULTILINE)
        for part in parts.split()
    }
    needed = {(role, prefix, str(access)) for role, rights in RIGHTS.items() for prefix, access in rights}
    assert granted == needed
