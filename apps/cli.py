"""The `tapeline` command: every app as a subcommand. Shell completion: `eval "$(_TAPELINE_COMPLETE=bash_source tapeline)"`."""

import sys
from typing import Final

from .runtime.packages import how_to_install

try:
    import click

    from .runtime.commands import LazyGroup, run
    from .runtime.version import program_version
except ModuleNotFoundError as missing:
    # `pip install tapeline` alone brings the library and this command, and not what the programs need.
    sys.exit(f"tapeline needs the package {missing.name}: {how_to_install(missing.name)}")

COMMANDS: Final = {
    "live": ("apps.live:live", "Show live candles on this terminal, without any server"),
    "stack": ("apps.stack:stack", "Do the same through real Kafka, Spark and Cassandra on this machine"),
    "producer": ("apps.producer:producer", "Carry a feed's trades to Kafka"),
    "aggregator": ("apps.aggregator:aggregator", "Carry Kafka's trades to Cassandra, raw and as candles (Spark)"),
    "reconcile": ("apps.spark.reconciliation:reconcile", "Correct the candles of a day from its stored trades (Spark)"),
    "dashboard": ("apps.dashboard:dashboard", "Serve a live page and a read API of the data in Cassandra"),
    "query": ("apps.query:query", "Read candles and trades from Cassandra"),
    "report": ("apps.report:report", "Report on a day: coverage, gaps, trades, candles, and a verdict"),
    "dlq": ("apps.dlq:dlq", "List, show and replay dead letters"),
    "watchlist": ("apps.watchlist:watchlist", "Edit or show the symbols that the producers share"),
    "admin": ("apps.admin:admin", "Create topics and tables, and grant rights"),
    "doctor": ("apps.doctor:doctor", "Check settings, servers, topics, tables and clocks"),
    "simulator": ("apps.simulator:simulator", "Serve a simulated Finnhub"),
    "devstack": ("devstack.cli:cli", "Start and stop real Kafka and Cassandra on this machine"),
}

tapeline = LazyGroup(
    "tapeline", lazy=COMMANDS, help="Live market trades from Finnhub through Kafka and Spark to Cassandra."
)


click.version_option(program_version(), prog_name="tapeline")(tapeline)


def main() -> None:
    """Run the command."""
    run(tapeline, "tapeline")


if __name__ == "__main__":
    main()
