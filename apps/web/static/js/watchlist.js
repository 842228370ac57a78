// The watchlist: a listbox of symbols with the last price, the change over the sparkline's span, and the sparkline. Arrows move, Enter chooses.

import { DASH, amount, change, decimalsOf } from "./format.js";
import { closesOf } from "./market.js";

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 68;
const HEIGHT = 26;

export class Watchlist extends EventTarget {
  #list;
  #rows = new Map();
  #selected = null;
  #waiting = new Set();
  #frame = 0;

  constructor(list, filter, empty) {
    super();
    this.#list = list;
    this.filter = filter;
    this.empty = empty;
    list.addEventListener("click", (event) => {
      const row = event.target.closest("[role=option]");
      if (row) this.#choose(row.dataset.symbol, true);
    });
    list.addEventListener("keydown", (event) => this.#key(event));
    filter.addEventListener("input", () => this.#applyFilter());
    filter.addEventListener("keydown", (event) => {
      if (event.key === "ArrowDown" || event.key === "Enter") {
        event.preventDefault();
        this.#shownRows()[0]?.focus();
        if (event.key === "Enter") this.move(0);
      } else if (event.key === "Escape") {
        filter.value = "";
        this.#applyFilter();
        this.focus();
      }
    });
  }

  /** Create all rows. */
  fill(market) {
    this.market = market;
    const hadFocus = this.#list.contains(document.activeElement);
    this.#rows.clear();
    this.#list.replaceChildren(...[...market.symbols.values()].map((entry) => this.#make(entry)));
    this.#applyFilter();
    this.update(market.symbols.keys());
    this.select(this.#selected);
    if (hadFocus) this.focus();
  }

  /** Draw these symbols again, all together before the next frame. */
  update(symbols) {
    for (const symbol of symbols) this.#waiting.add(symbol);
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      for (const symbol of this.#waiting) this.#draw(symbol);
      this.#waiting.clear();
    });
  }

  select(symbol) {
    this.#selected = symbol;
    for (const [name, row] of this.#rows) {
      row.element.setAttribute("aria-selected", String(name === symbol));
      row.element.tabIndex = name === symbol ? 0 : -1;
    }
  }

  focus() {
    this.#rows.get(this.#selected)?.element.focus();
  }

  /** Choose the symbol `by` rows below the selected one. */
  move(by) {
    const rows = this.#shownRows();
    if (!rows.length) return;
    const at = rows.findIndex((row) => row.dataset.symbol === this.#selected);
    const row = rows[Math.min(rows.length - 1, Math.max(0, at < 0 ? 0 : at + by))];
    this.#choose(row.dataset.symbol, true);
  }

  #choose(symbol, focus) {
    this.select(symbol);
    const row = this.#rows.get(symbol).element;
    if (focus) row.focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
    this.dispatchEvent(new CustomEvent("choose", { detail: symbol }));
  }

  #key(event) {
    const rows = this.#shownRows();
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8, Home: -rows.length, End: rows.length };
    if (event.key in steps) {
      event.preventDefault();
      event.stopPropagation();
      this.move(steps[event.key]);
    }
  }

  #shownRows() {
    return [...this.#list.children].filter((row) => !row.hidden);
  }

  #applyFilter() {
    const wanted = this.filter.value.trim().toLowerCase();
    for (const [symbol, row] of this.#rows) row.element.hidden = !symbol.toLowerCase().includes(wanted);
    this.empty.hidden = this.#shownRows().length > 0;
    this.empty.textContent = this.#rows.size ? "No symbol matches." : "No symbol yet: waiting for the first candles.";
  }

  #make(entry) {
    const element = make("li", "row");
    element.setAttribute("role", "option");
    element.setAttribute("aria-selected", "false");
    element.tabIndex = -1;
    element.dataset.symbol = entry.symbol;
    const name = make("div", "row-name", entry.symbol.includes(":") ? entry.symbol.split(":").slice(1).join(":") : entry.symbol);
    const venue = make("div", "row-venue", `${entry.venue} · ${entry.assetClass}`);
    const label = make("div", "row-label");
    label.append(name, venue);
    const spark = document.createElementNS(SVG, "svg");
    spark.setAttribute("class", "spark");
    spark.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
    spark.setAttribute("aria-hidden", "true");
    const line = document.createElementNS(SVG, "polyline");
    spark.append(line);
    const price = make("div", "row-price", DASH);
    const moved = make("div", "row-change", "");
    const figures = make("div", "row-figures");
    figures.append(price, moved);
    element.append(label, spark, figures);
    this.#rows.set(entry.symbol, { element, spark, line, price, moved, last: null, decimals: 0 });
    return element;
  }

  #draw(symbol) {
    const row = this.#rows.get(symbol);
    const entry = this.market.symbols.get(symbol);
    if (!row || !entry?.candle) return;
    const closes = closesOf(entry);
    const last = entry.candle.close;
    row.decimals = closes.reduce((most, [, close]) => Math.max(most, decimalsOf(close)), 2);
    const moved = change(closes[0]?.[1], last);
    row.price.textContent = amount(last, row.decimals);
    row.moved.textContent = moved.text;
    row.moved.className = `row-change is-${moved.direction}`;
    row.spark.setAttribute("class", `spark is-${moved.direction}`);
    row.line.setAttribute("points", points(closes));
    if (row.last !== null && row.last !== last) {
      row.price.classList.remove("ticked-up", "ticked-down");
      // The class is added in the next frame. Restarting the animation by reading the layout would cost one layout per row.
      const direction = Number(last) > Number(row.last) ? "ticked-up" : "ticked-down";
      requestAnimationFrame(() => row.price.classList.add(direction));
    }
    row.last = last;
  }
}

function points(closes) {
  if (closes.length < 2) return `0,${HEIGHT / 2} ${WIDTH},${HEIGHT / 2}`;
  const values = closes.map(([, close]) => Number(close));
  const low = Math.min(...values);
  const range = Math.max(...values) - low || 1;
  const step = WIDTH / (values.length - 1);
  return values.map((value, i) => `${(i * step).toFixed(1)},${(HEIGHT - 2 - ((value - low) / range) * (HEIGHT - 4)).toFixed(1)}`).join(" ");
}

function make(tag, className, text) {
  const element = document.createElement(tag);
  element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}
