"""Templates of the roles, rendered by Ansible with the role's own defaults."""

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
ROLES = ROOT / "ansible" / "roles"
ANSIBLE = ROOT / ".venv-ansible" / "bin" / "ansible-playbook"


def render(
    directory: Path, wanted: Mapping[str, Path], variables: Mapping[str, Any], roles: list[str]
) -> None:
    """Write each template of `wanted`, as ROLE/NAME, to its path. `variables` win over what the `roles` say;
    `directory` is made for the playbook. Without Ansible it skips on a laptop and fails in CI.
    """
    if not ANSIBLE.exists():
        if os.environ.get("CI") == "true":
            pytest.fail("Ansible is missing, and CI must run every test")
        pytest.skip("Ansible is not installed: make ansible-setup")
    said = [ROLES / role / part / "main.yml" for role in roles for part in ("defaults", "vars")]
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "vars_files": [str(file) for file in said if file.exists()],
        "tasks": [
            {
                "ansible.builtin.template": {
                    "src": str(ROLES / name.partition("/")[0] / "templates" / name.partition("/")[2]),
                    "dest": str(path),
                    "mode": "0644",
                }
            }
            for name, path in wanted.items()
        ],
    }
    directory.mkdir()
    playbook = directory / "render.json"
    playbook.write_text(json.dumps([play]))
    given = directory / "variables.json"
    given.write_text(json.dumps({"ansible_facts": {}, "yuanya_address": "127.0.0.1", **variables}))
    done = subprocess.run(
        [ANSIBLE, "--inventory=localhost,", "--connection=local", f"--extra-vars=@{given}", playbook],
        capture_output=True,
        text=True,
        timeout=120,
        stdin=subprocess.DEVNULL,
        env={
            **{name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")},
            "LC_ALL": "C.UTF-8",
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_LOCAL_TEMP": str(directory / "ansible"),
            "ANSIBLE_PYTHON_INTERPRETER": str(ANSIBLE.parent / "python"),
        },
    )
    assert done.returncode == 0, done.stdout + done.stderr
