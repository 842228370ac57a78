// The pipeline's stages and figures. A stage's state is told by a mark and a word as well as by colour.

import { DASH, span } from "./format.js";

const MARKS = { ok: "●", warning: "▲", down: "✕" };
const WORDS = { ok: "in order", warning: "needs a look", down: "down" };

export class HealthPanel {
  #stages;
  #shown = "";

  constructor(stages) {
    this.#stages = stages;
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
    const stages = health.stages.map((stage) => ({
      ...stage,
      // How long a fault lasts is what one wants to know; of what works, nobody asks.
      text: stage.state === "ok" ? stage.detail : `${stage.detail} · since ${span(health.now_ms - stage.since_ms)}`,
    }));
    const signature = JSON.stringify(stages.map(({ name, state, text }) => [name, state, text]));
    if (signature === this.#shown) return;
    this.#shown = signature;
    this.#stages.replaceChildren(...stages.map((stage) => element(stage)));
  }
}

function element(stage) {
  const item = document.createElement("li");
  item.className = "stage";
  item.dataset.state = stage.state;
  item.dataset.stage = stage.name;
  const name = document.createElement("p");
  name.className = "stage-name";
  const mark = document.createElement("span");
  mark.className = "stage-mark";
  mark.setAttribute("aria-hidden", "true");
  mark.textContent = MARKS[stage.state];
  const word = document.createElement("span");
  word.className = "hidden";
  word.textContent = `: ${WORDS[stage.state]}`;
  name.append(mark, stage.name, word);
  const detail = document.createElement("p");
  detail.className = "stage-detail";
  detail.textContent = stage.text || DASH;
  item.append(name, detail);
  return item;
}

function lag(value) {
  return value === null ? DASH : `${span(value.p50_ms)} / ${span(value.p95_ms)}`;
}

function set(id, text) {
  const found = document.getElementById(id);
  if (found.textContent !== text) found.textContent = text;
}
