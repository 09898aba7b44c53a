"""Each alert rule on made-up series, by promtool: what fires, and that nothing else does."""

import json
import re
import subprocess
from pathlib import Path

import yaml

from tests.harness.services import needs
from tests.observability.queries import ROOT, RULES
from tests.observability.rule_cases import CASES, HEALTHY, Case


def sample(text: str) -> dict[str, object]:
    """From `ALERT SEVERITY [HOW MANY]` to what promtool wants to read."""
    alert, severity, *count = text.split()
    return {
        "labels": f'{{alertname="{alert}",severity="{severity}"}}',
        "value": float(count[0]) if count else 1,
    }


def promtool_test(case: Case) -> dict[str, object]:
    series = {**HEALTHY, **case.series}
    return {
        "name": case.name,
        "interval": "1m",
        "input_series": [{"series": s, "values": text} for s, text in series.items() if text is not None],
        "promql_expr_test": [
            {
                "expr": 'count by (alertname, severity) (ALERTS{alertstate="firing"})',
                "eval_time": f"{minute}m",
                "exp_samples": [sample(text) for text in expected],
            }
            for minute, expected in case.fires.items()
        ],
    }


def test_the_rules_are_well_formed() -> None:
    answer = subprocess.run([needs("promtool"), "check", "rules", str(RULES)], capture_output=True, text=True)
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_each_alert_fires_under_its_fault_and_nothing_else_does(tmp_path: Path) -> None:
    tests = {
        "rule_files": [str(RULES)],
        "evaluation_interval": "1m",
        "group_eval_order": ["yuanya-events", "yuanya-jobs", "yuanya-processes", "yuanya-stores"],
        "tests": [promtool_test(case) for case in CASES],
    }
    file = tmp_path / "rules_test.yml"
    file.write_text(json.dumps(tests))
    answer = subprocess.run([needs("promtool"), "test", "rules", str(file)], capture_output=True, text=True)
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_each_alert_has_a_case_and_says_what_to_do() -> None:
    rules = [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]
    alerts = [rule for rule in rules if "alert" in rule]
    tried = {
        text.rpartition(" ")[0] if text[-1].isdigit() else text
        for c in CASES
        for f in c.fires.values()
        for text in f
    }
    for alert in alerts:
        severity = alert["labels"]["severity"]
        assert severity in {"warning", "critical"}
        assert f"{alert['alert']} {severity}" in tried
        assert set(alert["annotations"]) == {"summary", "description", "runbook"}
        assert alert["annotations"]["runbook"] == f"docs/troubleshoot.md#{alert['alert'].lower()}"


def test_each_alert_is_explained() -> None:
    alerts = set(re.findall(r"alert: (\w+)", RULES.read_text()))
    explained = set(re.findall(r"^\| `(Cron\w+)`", (ROOT / "docs/monitor.md").read_text(), re.MULTILINE))
    assert explained == alerts


def test_each_metric_is_explained() -> None:
    sources = "".join(path.read_text() for path in (ROOT / "app/common/metrics").glob("*.py"))
    declared = set(re.findall(r'"(cron_[a-z_]+)"', sources))
    text = (ROOT / "docs/monitor.md").read_text().partition("\n## Metrics")[2].partition("\n## ")[0]
    explained = {name.removesuffix("_total") for name in re.findall(r"`(cron_[a-z_]+)`", text)}
    assert explained == declared
