"""What holds for every dashboard and panel, without a server."""

from __future__ import annotations

import json
import re
from itertools import combinations

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

from deploy.grafana.boards.dashboards import dashboards, to_json

from .boards import FOLDER, NAMES, ROOT, Json, all_boards, panels, read, variables

UNITS = {
    "s", "percentunit", "bytes", "Bps", "short", "none", "bool_on_off", "locale",
    "recps", "reqps", "rowsps", "ops", "wps",
}  # fmt: skip
every_board = pytest.mark.parametrize("name", NAMES)


def test_what_is_committed_is_what_the_code_makes() -> None:
    made = {f"{name}.json": to_json(board) for name, board in dashboards().items()}
    committed = {file.name: file.read_text("utf-8") for file in FOLDER.iterdir()}
    assert committed.keys() == made.keys()
    for name, content in made.items():
        assert committed[name] == content, f"{name} is stale; run: make dashboards"


@every_board
def test_grafanas_own_types_read_it_and_write_it_again_unchanged(name: str) -> None:
    register_default_plugins()
    board = read(name)
    assert json.loads(json.dumps(Dashboard.from_json(board), cls=JSONEncoder)) == board


def test_uids_and_titles_are_unique() -> None:
    boards = all_boards().values()
    assert len({board["uid"] for board in boards}) == len({board["title"] for board in boards}) == len(NAMES)


@every_board
def test_panels_have_a_number_of_their_own_and_do_not_overlap(name: str) -> None:
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
    """No holes: at each height, panels cover the whole width."""
    rows: dict[int, int] = {}
    for panel in panels(read(name)):
        rows[panel["gridPos"]["y"]] = rows.get(panel["gridPos"]["y"], 0) + panel["gridPos"]["w"]
    assert set(rows.values()) == {24}


@every_board
def test_every_panel_says_what_it_is_what_is_normal_and_what_to_do(name: str) -> None:
    for panel in panels(read(name)):
        assert panel["title"]
        assert panel["targets"]
        described = re.fullmatch(
            r"[^*]+\n\n\*\*Normal:\*\* .+\n\n\*\*Otherwise:\*\* .+", panel["description"], re.DOTALL
        )
        assert described, panel["title"]


@every_board
def test_every_panel_has_a_known_unit_and_thresholds_from_minus_infinity_upwards(name: str) -> None:
    for panel in panels(read(name)):
        defaults = panel["fieldConfig"]["defaults"]
        assert defaults["unit"] in UNITS, panel["title"]
        first, *rest = defaults["thresholds"]["steps"]
        assert first["value"] is None, panel["title"]
        values = [step["value"] for step in rest]
        assert values == sorted(values), panel["title"]


@every_board
def test_every_series_of_a_graph_is_named(name: str) -> None:
    for panel in panels(read(name)):
        legends = [query["legendFormat"] for query in panel["targets"] if "expr" in query]
        assert all(legends), panel["title"]
        assert len(set(legends)) == len(legends), panel["title"]
        assert len({query["refId"] for query in panel["targets"]}) == len(panel["targets"])


def links(panel: Json) -> list[str]:
    return [link["url"] for link in panel.get("links") or []]


@every_board
def test_every_runbook_that_is_linked_exists(name: str) -> None:
    for panel in panels(read(name)):
        for url in links(panel):
            match = re.fullmatch(r"\$\{runbooks\}/(\w+)\.md", url)
            assert match, url
            assert (ROOT / "docs" / "runbooks" / f"{match[1]}.md").is_file(), url


def test_runbooks_are_those_of_alerts() -> None:
    rules = "\n".join(file.read_text("utf-8") for file in (ROOT / "deploy" / "prometheus" / "rules").glob("*.yml"))
    linked = {url for board in all_boards().values() for panel in panels(board) for url in links(panel)}
    assert linked
    assert {re.sub(r"^.*/|\.md$", "", url) for url in linked} <= set(re.findall(r"- alert: (\w+)", rules))


@every_board
def test_data_sources_are_chosen_by_the_reader(name: str) -> None:
    board = read(name)
    offered = {variable["name"]: variable["query"] for variable in variables(board) if variable["type"] == "datasource"}
    for panel in panels(board):
        used = [panel["datasource"], *(query["datasource"] for query in panel["targets"])]
        for source in used:
            assert offered[source["uid"].strip("${}")] == source["type"], panel["title"]


def test_another_place_for_runbooks_is_a_word_of_each_dashboard() -> None:
    for board in dashboards("https://docs.example.org/runbooks").values():
        [variable] = [v for v in json.loads(to_json(board))["templating"]["list"] if v["name"] == "runbooks"]
        assert variable["query"] == variable["current"]["value"] == "https://docs.example.org/runbooks"


def test_the_data_sources_provisioned_are_of_the_kinds_that_dashboards_offer() -> None:
    folder = ROOT / "deploy" / "grafana" / "provisioning"
    kinds = set(re.findall(r"^\s+type: (\S+)$", (folder / "datasources" / "tapeline.yaml").read_text(), re.MULTILINE))
    offered = {v["query"] for board in all_boards().values() for v in variables(board) if v["type"] == "datasource"}
    assert kinds == offered


def test_dashboards_stay_out_of_the_wheel() -> None:
    settings = (ROOT / "pyproject.toml").read_text("utf-8")
    [packages] = re.findall(r"\[tool\.hatch\.build\.targets\.wheel\]\npackages = (\[.*\])", settings)
    assert "deploy" not in packages
