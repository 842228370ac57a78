"""Grafana's dashboards as code: `python -m deploy.grafana.boards` writes them to `deploy/grafana/dashboards`.

- One module a dashboard. Whoever reads the JSON beside this package need not know it; whoever changes a dashboard changes it here.
- The types are those of Grafana's own schema, so what is written is what Grafana reads.
- Names of metrics come from docs/metrics.md, names of runbooks from docs/runbooks; tests hold both.
"""
