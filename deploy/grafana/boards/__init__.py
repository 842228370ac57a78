"""Grafana's dashboards as code: `python -m deploy.grafana.boards` writes them to `deploy/grafana/dashboards`.

- `tables/` describes them: one YAML file for each dashboard, with its rows, panels, thresholds, queries and help texts.
- The modules here read the tables and build JSON with the types of Grafana's own schema.
- Metric names come from docs/metrics.md, runbook names from docs/runbooks. Tests check both.
"""
