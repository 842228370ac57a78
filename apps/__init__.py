"""The programs: they read settings, join adapters to ports, and talk to terminals and browsers.

The modules of this package are the entry points, one a program: `python -m apps.NAME` and `tapeline NAME`. They read settings, build a container and
run. Everything else is in folders, and imports point downwards only:

    entry points              live, stack, producer, aggregator, reconcile, report, dashboard, query, dlq, watchlist, admin, doctor, simulator,
                              package_spark; cli, the command `tapeline` of all of them
    local_stack | spark       the bodies of the three largest programs: `stack`; `aggregator` and `reconcile`
    containers                the composition root: which adapter stands behind which port
    web, observability, output    the page and its API; metrics, health and alerts; terminal, tables and files
    runtime | settings | services    logs, signals, processes; settings and where they come from; use cases on domain and ports alone
    http_security             what the HTTP servers check before they answer

import-linter holds this order (pyproject.toml).
"""
