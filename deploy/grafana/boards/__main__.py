"""`python -m deploy.grafana.boards`: write every dashboard to its file. `--runbooks URL` sets the URL of the runbooks on the web."""

import argparse
from pathlib import Path
from typing import Final

from .dashboards import RUNBOOKS_URL, dashboards, to_json

FOLDER: Final = Path(__file__).parents[1] / "dashboards"


def main() -> None:
    """Write all dashboards to the chosen folder."""
    parser = argparse.ArgumentParser(prog="python -m deploy.grafana.boards", description="Write Grafana's dashboards.")
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder to write to [default: %(default)s]")
    parser.add_argument("--runbooks", default=RUNBOOKS_URL, metavar="URL", help="URL of the runbooks [%(default)s]")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    for name, board in dashboards(arguments.runbooks).items():
        (arguments.out / f"{name}.json").write_text(to_json(board), "utf-8")


if __name__ == "__main__":
    main()
