// The stages and figures of the pipeline, and the firing alerts. A mark and a word show the state of a stage, not colour alone. Elements are changed in
// place, so that a screen reader keeps its position.

import { DASH, span } from "./format.js";

const MARKS = { ok: "●", warning: "▲", down: "✕" };
const WORDS = { ok: "in order", warning: "needs a look", down: "down" };

export class HealthPanel {
  #list;
  #items = new Map();
  #alerts;
  #alertItems = new Map();
  #links;
  #linksShown = "";

  constructor(list, alerts, links) {
    this.#list = list;
    this.#alerts = alerts;
    this.#links = links;
  }

  show(health, isRecording) {
    this.#showStages(health);
    this.#showAlerts(health);
    this.#showLinks(health.links);
    set("figure-rate", health.trades_per_s < 10 ? health.trades_per_s.toFixed(1) : Math.round(health.trades_per_s).toLocaleString("en-US"));
    set("figure-freshness", isRecording ? "recording" : span(health.freshness_ms));
    set("figure-feed", lag(health.feed_lag));
    set("figure-page", lag(health.page_lag));
    set("figure-read", span(health.read_ms));
    set("figure-symbols", String(health.symbols));
  }

  #showStages(health) {
    const names = health.stages.map((stage) => stage.name);
    if (names.join() !== [...this.#items.keys()].join()) {
      this.#items = new Map(names.map((name) => [name, make(name)]));
      this.#list.replaceChildren(...[...this.#items.values()].map(({ item }) => item));
    }
    for (const stage of health.stages) {
      const { item, mark, word, detail, runbook } = this.#items.get(stage.name);
      if (item.dataset.state !== stage.state) {
        item.dataset.state = stage.state;
        mark.textContent = MARKS[stage.state];
        word.textContent = `: ${WORDS[stage.state]}`;
      }
      // The duration matters only while a stage is not in order.
      const text = stage.state === "ok" ? stage.detail : `${stage.detail} · since ${span(health.now_ms - stage.since_ms)}`;
      if (detail.textContent !== text) detail.textContent = text || DASH;
      setLink(runbook, stage.runbook);
    }
  }

  #showAlerts(health) {
    const keys = health.alerts.map((alert, i) => [i, alert.name, alert.summary, alert.since_ms].join());
    if (keys.join("\n") !== [...this.#alertItems.keys()].join("\n")) {
      this.#alertItems = new Map(health.alerts.map((alert, i) => [keys[i], makeAlert(alert)]));
      this.#alerts.replaceChildren(...[...this.#alertItems.values()].map(({ item }) => item));
      this.#alerts.hidden = keys.length === 0;
    }
    health.alerts.forEach((alert, i) => {
      const { since } = this.#alertItems.get(keys[i]);
      const text = ` · since ${span(health.now_ms - alert.since_ms)} `;
      if (since.textContent !== text) since.textContent = text;
    });
  }

  #showLinks(links) {
    const shown = JSON.stringify(links);
    if (shown === this.#linksShown) return;
    this.#linksShown = shown;
    this.#links.replaceChildren(...Object.entries(links).flatMap(([name, url]) => [makeLink(name, url), " · "]));
  }
}

function makeLink(name, url) {
  const link = document.createElement("a");
  link.textContent = name;
  link.href = url;
  link.target = "_blank";
  link.rel = "noreferrer noopener";
  return link;
}

function makeAlert(alert) {
  const item = document.createElement("li");
  item.className = "alert";
  item.dataset.alert = alert.name;
  item.dataset.severity = alert.severity;
  item.title = alert.description;
  const name = document.createElement("strong");
  name.textContent = alert.name;
  const since = document.createElement("span");
  item.append(name, ` ${alert.summary}`, since);
  if (alert.runbook) item.append(makeLink("Runbook", alert.runbook));
  return { item, since };
}

function setLink(link, address) {
  link.hidden = address === null;
  if (address !== null && link.getAttribute("href") !== address) link.href = address;
}

function make(stageName) {
  const item = document.createElement("li");
  item.className = "stage";
  item.dataset.stage = stageName;
  const name = document.createElement("p");
  name.className = "stage-name";
  const mark = document.createElement("span");
  mark.className = "stage-mark";
  mark.setAttribute("aria-hidden", "true");
  const word = document.createElement("span");
  word.className = "hidden";
  name.append(mark, stageName, word);
  const detail = document.createElement("p");
  detail.className = "stage-detail";
  const runbook = makeLink("Runbook", "");
  runbook.className = "stage-runbook";
  runbook.hidden = true;
  runbook.setAttribute("aria-label", `Runbook for ${stageName}`);
  item.append(name, detail, runbook);
  return { item, mark, word, detail, runbook };
}

function lag(value) {
  return value === null ? DASH : `${span(value.p50_ms)} / ${span(value.p95_ms)}`;
}

function set(id, text) {
  const found = document.getElementById(id);
  if (found.textContent !== text) found.textContent = text;
}
