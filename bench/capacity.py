"""Capacity planning: the resources that a rate of trades needs: `python -m bench.capacity --trades-per-s 1000000`."""

from typing import Final

import attrs
import click

from bench.capacity_model import plan
from bench.harness.variants import ROOT
from bench.measured_costs import Measured
from bench.report.capacity_tables import on_page, tables

PAGE: Final = ROOT / "docs" / "scaling.md"


@click.command()
@click.option("--trades-per-s", type=click.FloatRange(min=0, min_open=True), help="Print the plan of this rate only")
@click.option("--symbols", type=click.IntRange(min=1), default=50, show_default=True, help="Symbols that trade")
@click.option("--write", is_flag=True, help="Write the tables to docs/scaling.md")
def main(trades_per_s: float | None, symbols: int, *, write: bool) -> None:
    """Calculate partitions, brokers, executors, nodes and disks for a rate of trades."""
    measured = Measured.read()
    if write:
        PAGE.write_text(on_page(PAGE.read_text("utf-8"), measured), "utf-8")
    elif trades_per_s is None:
        print(tables(measured))
    else:
        for name, value in attrs.asdict(plan(trades_per_s, symbols, measured)).items():
            print(f"{name:15} {value:,.2f}" if isinstance(value, float) else f"{name:15} {value:,}")


if __name__ == "__main__":
    main(prog_name="python -m bench.capacity")
