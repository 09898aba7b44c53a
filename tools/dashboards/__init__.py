"""The Grafana dashboards of the rollout, in Python. `python -m tools.dashboards` makes their files."""
