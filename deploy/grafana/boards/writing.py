"""All dashboards, and their text: JSON with sorted keys, so that a change shows as what it is."""

import json

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard, VariableOption

from .board import RUNBOOKS_URL
from .cassandra import cassandra
from .kafka import kafka
from .market import market
from .overview import overview
from .producer import producer
from .spark import spark


def dashboards(runbooks: str = RUNBOOKS_URL) -> dict[str, Dashboard]:
    """Make them all, by the names of their files, with runbooks at this URL."""
    made = {
        "overview": overview(),
        "producer": producer(),
        "kafka": kafka(),
        "spark": spark(),
        "cassandra": cassandra(),
        "market": market(),
    }
    for board in made.values():
        for variable in (board.templating.list_val or []) if board.templating else []:
            if variable.name == "runbooks":
                variable.query = runbooks
                variable.current = VariableOption(selected=True, text=runbooks, value=runbooks)
    return made


def text(board: Dashboard) -> str:
    """Give a dashboard as JSON."""
    return json.dumps(board, cls=JSONEncoder, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
