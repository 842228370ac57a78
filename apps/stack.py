"""`tapeline stack`: the whole pipeline on real servers on this machine, and a live table read from Cassandra.

It starts Kafka and Cassandra from the dev stack, creates topics and tables, and runs the producer and the Spark aggregator as processes of their own.
Each run starts empty. A replay ends when all of it is stored; Ctrl-C ends everything. The stored data is deleted at the end, unless --keep leaves Kafka and
Cassandra running.

With alerts, the stack keeps running when a program dies, so that the fault can be seen and repaired. Without them, and in a replay, it ends with the
last lines of that program's log.
"""

import click

from .local_stack.run import run_stack
from .runtime.commands import run
from .runtime.logs import configure_logs
from .runtime.packages import require_package
from .settings.loader import app_command
from .settings.stack import StackSettings


@app_command(StackSettings, "stack")
def stack(settings: StackSettings) -> None:
    """Run everything on real servers on this machine: Kafka, Spark and Cassandra. The candles are read from Cassandra."""
    configure_logs(level="warning")
    require_package("pyspark")  # the aggregator's; without it the servers would start in vain
    click.echo(run_stack(settings))
    if settings.keep:
        click.echo(f"Kafka and Cassandra keep running; stop them with: tapeline devstack down --name {settings.name}")


if __name__ == "__main__":
    run(stack, "tapeline stack")
