// The pipeline's stages and figures. A stage's state is told by a mark and a word as well as by colour. What is
// there is changed in place, so that a reader of the screen does not lose its place.

import { DASH, span } from "./format.js";

const MARKS = { ok: "●", warning: "▲", down: "✕" };
const WORDS = { ok: "in order", warning: "needs a look", down: "down" };

export class HealthPanel {
  #list;
  #items = new Map();

  constructor(list) {
    this.#list = list;
  }

  show(health, isRecording) {
    this.#showStages(health);
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
      const { item, mark, word, detail } = this.#items.get(stage.name);
      if (item.dataset.state !== stage.state) {
        item.dataset.state = stage.state;
        mark.textContent = MARKS[stage.state];
        word.textContent = `: ${WORDS[stage.state]}`;
      }
      // How long a fault lasts is what one wants to know; of what works, nobody asks.
      const text = stage.state === "ok" ? stage.detail : `${stage.detail} · since ${span(health.now_ms - stage.since_ms)}`;
      if (detail.textContent !== text) detail.textContent = text || DASH;
    }
  }
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
  item.append(name, detail);
  return { item, mark, word, detail };
}

function lag(value) {
  return value === null ? DASH : `${span(value.p50_ms)} / ${span(value.p95_ms)}`;
}

function set(id, text) {
  const found = document.getElementById(id);
  if (found.textContent !== text) found.textContent = text;
}
