"""Rules for every dashboard and panel, checked without a server."""

from __future__ import annotations

import json
import re
import shutil
from itertools import combinations
from pathlib import Path

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

from deploy.grafana.boards.dashboards import dashboards, to_json
from deploy.grafana.boards.schema import FOLDER as TABLES
from deploy.grafana.boards.schema import read_board

from .boards import FOLDER, NAMES, ROOT, Json, all_boards, panels, read, variables

UNITS = {
    "s", "percentunit", "bytes", "Bps", "short", "none", "bool_on_off", "locale",
    "recps", "reqps", "rowsps", "ops", "wps",
}  # fmt: skip
every_board = pytest.mark.parametrize("name", NAMES)


def test_the_committed_json_is_generated_from_the_tables() -> None:
    made = {f"{name}.json": to_json(board) for name, board in dashboards().items()}
    committed = {file.name: file.read_text("utf-8") for file in FOLDER.iterdir()}
    assert committed.keys() == made.keys()
    for name, content in made.items():
        assert committed[name] == content, f"{name} is stale; run: make dashboards"


@pytest.mark.parametrize(
    ("right", "wrong"), [("unit: s,", "units: s,"), ("shared: [freshness]", "shared: [fresh]"), ("shows:", "show:")]
)
def test_an_unknown_key_in_a_table_is_an_error(tmp_path: Path, right: str, wrong: str) -> None:
    folder = shutil.copytree(TABLES, tmp_path / "tables")
    assert read_board("market", folder) == read_board("market")
    text = (folder / "market.yml").read_text("utf-8")
    assert right in text
    (folder / "market.yml").write_text(text.replace(right, wrong, 1), "utf-8")
    with pytest.raises((TypeError, KeyError)):
        read_board("market", folder)


@every_board
def test_grafana_types_read_and_write_it_unchanged(name: str) -> None:
    register_default_plugins()
    board = read(name)
    assert json.loads(json.dumps(Dashboard.from_json(board), cls=JSONEncoder)) == board


def test_uids_and_titles_are_unique() -> None:
    boards = all_boards().values()
    assert len({board["uid"] for board in boards}) == len({board["title"] for board in boards}) == len(NAMES)


@every_board
def test_panels_have_unique_ids_and_do_not_overlap(name: str) -> None:
    board = read(name)
    ids = [panel["id"] for panel in board["panels"]]
    assert len(set(ids)) == len(ids)
    for one, other in combinations(board["panels"], 2):
        a, b = one["gridPos"], other["gridPos"]
        apart_x = a["x"] + a["w"] <= b["x"] or b["x"] + b["w"] <= a["x"]
        apart_y = a["y"] + a["h"] <= b["y"] or b["y"] + b["h"] <= a["y"]
        assert apart_x or apart_y, (one["title"], other["title"])
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in board["panels"])


@every_board
def test_every_row_is_full(name: str) -> None:
    """At each height, the panels cover the whole width."""
    rows: dict[int, int] = {}
    for panel in panels(read(name)):
        rows[panel["gridPos"]["y"]] = rows.get(panel["gridPos"]["y"], 0) + panel["gridPos"]["w"]
    assert set(rows.values()) == {24}


@every_board
def test_the_help_of_every_panel_states_what_it_shows_what_is_normal_and_what_to_do(name: str) -> None:
    for panel in panels(read(name)):
        assert panel["title"]
        assert panel["targets"]
        described = re.fullmatch(
            r"[^*]+\n\n\*\*Normal:\*\* .+\n\n\*\*Otherwise:\*\* .+", panel["description"], re.DOTALL
        )
        assert described, panel["title"]


@every_board
def test_every_panel_has_a_known_unit_and_ascending_thresholds(name: str) -> None:
    for panel in panels(read(name)):
        defaults = panel["fieldConfig"]["defaults"]
        assert defaults["unit"] in UNITS, panel["title"]
        first, *rest = defaults["thresholds"]["steps"]
        assert first["value"] is None, panel["title"]
        values = [step["value"] for step in rest]
        assert values == sorted(values), panel["title"]


@every_board
def test_every_series_of_a_panel_has_a_unique_legend(name: str) -> None:
    for panel in panels(read(name)):
        legends = [query["legendFormat"] for query in panel["targets"] if "expr" in query]
        assert all(legends), panel["title"]
        assert len(set(legends)) == len(legends), panel["title"]
        assert len({query["refId"] for query in panel["targets"]}) == len(panel["targets"])


def links(panel: Json) -> list[str]:
    return [link["url"] for link in panel.get("links") or []]


@every_board
def test_every_linked_runbook_exists(name: str) -> None:
    for panel in panels(read(name)):
        for url in links(panel):
            match = re.fullmatch(r"\$\{runbooks\}/(\w+)\.md", url)
            assert match, url
            assert (ROOT / "docs" / "runbooks" / f"{match[1]}.md").is_file(), url


def test_every_linked_runbook_belongs_to_an_alert() -> None:
    rules = "\n".join(file.read_text("utf-8") for file in (ROOT / "deploy" / "prometheus" / "rules").glob("*.yml"))
    linked = {url for board in all_boards().values() for panel in panels(board) for url in links(panel)}
    assert linked
    assert {re.sub(r"^.*/|\.md$", "", url) for url in linked} <= set(re.findall(r"- alert: (\w+)", rules))


@every_board
def test_every_data_source_is_a_variable_of_the_dashboard(name: str) -> None:
    board = read(name)
    offered = {variable["name"]: variable["query"] for variable in variables(board) if variable["type"] == "datasource"}
    for panel in panels(board):
        used = [panel["datasource"], *(query["datasource"] for query in panel["targets"])]
        for source in used:
            assert offered[source["uid"].strip("${}")] == source["type"], panel["title"]


def test_every_dashboard_has_the_url_of_the_runbooks_as_a_variable() -> None:
    for board in dashboards("https://docs.example.org/runbooks").values():
        [variable] = [v for v in json.loads(to_json(board))["templating"]["list"] if v["name"] == "runbooks"]
        assert variable["query"] == variable["current"]["value"] == "https://docs.example.org/runbooks"


def test_the_provisioned_data_sources_have_the_types_that_dashboards_use() -> None:
    folder = ROOT / "deploy" / "grafana" / "provisioning"
    kinds = set(re.findall(r"^\s+type: (\S+)$", (folder / "datasources" / "tapeline.yaml").read_text(), re.MULTILINE))
    offered = {v["query"] for board in all_boards().values() for v in variables(board) if v["type"] == "datasource"}
    assert kinds == offered
