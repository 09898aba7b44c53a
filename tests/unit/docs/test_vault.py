"""The secrets that roles ask for stand, each once, in the example of a vault and in the guide."""

import re
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[3]
EXAMPLE = (ROOT / "ansible/inventory/example/vault.example.yml").read_text()


def asked_for() -> set[str]:
    """Names in what roles say when a secret is missing."""
    names: set[str] = set()
    for file in ROOT.glob("ansible/roles/*/tasks/*.yml"):
        for task in yaml.safe_load(file.read_text()) or []:
            message = task.get("ansible.builtin.assert", {}).get("fail_msg", "")
            if "vault" in message:
                names |= set(
                    re.findall(r"\b(?:yuanya|mongodb|grafana)_\w*(?:password|token|keyfile|url)\b", message)
                )
    return names


def test_the_example_and_the_guide_name_every_secret_that_a_role_asks_for() -> None:
    named = re.findall(r"^(?:# )?(\w+):(?: \{\})?$", EXAMPLE, re.MULTILINE)
    assert len(named) == len(set(named)), "a second line of the same name would empty the first"
    assert len(asked_for()) >= 6
    assert asked_for() <= set(named)
    table = (ROOT / "docs/install.md").read_text()
    assert {name for name in asked_for() if f"`{name}`" not in table} == set()
