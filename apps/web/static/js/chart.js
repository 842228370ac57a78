// The chart: candles above volume. History is loaded in pages, older pages when the user scrolls back; the newest candles come from the stream.

import {
  CandlestickSeries, ColorType, CrosshairMode, HistogramSeries, createChart,
} from "../vendor/lightweight-charts.js";
import { decimalsOf } from "./format.js";
import { INTERVALS, viewed } from "./choices.js";
import { colours, theme } from "./theme.js";

const PAGE_WINDOWS = 720;
const MAX_SPAN_MS = 90 * 86_400_000;
const MAX_CANDLES = 20_000;
const MAX_EMPTY_PAGES = 3;

export class Chart extends EventTarget {
  /** Candles from the API, by the start of their window. */
  candles = new Map();
  #chart;
  #prices;
  #volumes;
  #colours;
  #symbol = null;
  #interval = "1m";
  #windowMs = 60_000;
  #view = "raw";
  #sessions;
  #loading = null;
  #streamed = new Map();
  #oldestAskedMs = 0;
  #isAtStart = false;
  #decimals = 2;

  constructor(element) {
    super();
    this.#chart = createChart(element, {
      autoSize: true,
      layout: { attributionLogo: true, fontFamily: getComputedStyle(document.body).fontFamily, fontSize: 12 },
      crosshair: { mode: CrosshairMode.Normal },
      timeScale: { timeVisible: true, secondsVisible: false, rightOffset: 4, barSpacing: 8, minBarSpacing: 1 },
      rightPriceScale: { scaleMargins: { top: 0.08, bottom: 0.26 } },
    });
    this.#prices = this.#chart.addSeries(CandlestickSeries, { borderVisible: false });
    this.#volumes = this.#chart.addSeries(HistogramSeries, {
      priceScaleId: "volume", priceFormat: { type: "volume" }, lastValueVisible: false, priceLineVisible: false,
    });
    this.#sessions = this.#chart.addSeries(HistogramSeries, {
      priceScaleId: "session", lastValueVisible: false, priceLineVisible: false, base: 0,
    });
    this.#chart.priceScale("session").applyOptions({ scaleMargins: { top: 0, bottom: 0 }, visible: false });
    this.#chart.priceScale("volume").applyOptions({ scaleMargins: { top: 0.82, bottom: 0 } });
    this.#paint();
    theme.addEventListener("change", () => this.#paint());
    this.#chart.subscribeCrosshairMove((move) => {
      const startMs = move.time === undefined ? null : move.time * 1000;
      this.dispatchEvent(new CustomEvent("point", { detail: this.candles.get(startMs) ?? null }));
    });
    this.#chart.timeScale().subscribeVisibleLogicalRangeChange((range) => {
      if (range && range.from < 20) this.#loadOlder();
      this.dispatchEvent(new CustomEvent("scroll", { detail: this.isAtNewest() }));
    });
  }

  /** Show a symbol from its newest candle back. Rejects if the history cannot be loaded. */
  async show(symbol, newest, interval) {
    const windowMs = INTERVALS[interval];
    const isSame = symbol === this.#symbol && interval === this.#interval;
    this.#interval = interval;
    const wasAtNewest = this.isAtNewest();
    this.#streamed.clear();
    this.#loading?.abort();
    this.#loading = null;
    this.#symbol = symbol;
    this.#windowMs = windowMs;
    this.#chart.applyOptions({ timeScale: { secondsVisible: windowMs % 60_000 !== 0 } });
    this.#isAtStart = false;
    const toMs = (newest ? newest.window_start_ms : Date.now()) + windowMs;
    this.#oldestAskedMs = toMs - this.#pageMs();
    if (!isSame) {
      this.candles = new Map();
      this.#draw();
    }
    const loaded = await this.#load(this.#oldestAskedMs, toMs);
    if (loaded === null) return;
    // Candles from the stream are newer than the loaded history.
    this.candles = new Map([...loaded, ...this.#streamed.values()].map((candle) => [candle.window_start_ms, candle]));
    this.#draw();
    if (!isSame) this.#chart.timeScale().resetTimeScale();
    if (!isSame || wasAtNewest) this.toNewest();
  }

  /** Show the raw or the eligible view of the candles. */
  setView(view) {
    this.#view = view;
    this.#draw();
  }

  /** Read the newest candles again: those of longer windows do not come with the stream. */
  async refresh() {
    if (this.#loading || !this.candles.size) return;
    const fromMs = Math.max(...this.candles.keys()) - this.#windowMs;
    const loaded = await this.#load(fromMs, Date.now() + 2 * this.#windowMs).catch(() => null);
    if (loaded?.length) this.update(loaded);
  }

  /** Apply changed candles of the shown symbol. */
  update(candles) {
    const newestMs = Math.max(...this.candles.keys());
    let isOlder = false;
    for (const candle of [...candles].sort((a, b) => a.window_start_ms - b.window_start_ms)) {
      this.candles.set(candle.window_start_ms, candle);
      if (this.#loading) this.#streamed.set(candle.window_start_ms, candle);
      isOlder ||= candle.window_start_ms < newestMs;
      if (isOlder) continue;
      this.#fitDecimals(candle);
      this.#prices.update(this.#bar(candle));
      this.#volumes.update(this.#volume(candle));
      this.#sessions.update(this.#session(candle));
    }
    // The chart can update only its newest candle. A late trade changes an older one, so all of them are drawn again.
    if (isOlder) this.#draw();
  }

  isAtNewest() {
    return this.#chart.timeScale().scrollPosition() > -3;
  }

  toNewest() {
    this.#chart.timeScale().scrollToRealTime();
  }

  get decimals() {
    return this.#decimals;
  }

  /** Return the newest candles, newest first. */
  latest(count) {
    return [...this.candles.values()].sort((a, b) => b.window_start_ms - a.window_start_ms).slice(0, count);
  }

  async #loadOlder() {
    if (this.#loading || this.#isAtStart || !this.candles.size || this.candles.size >= MAX_CANDLES) return;
    const symbol = this.#symbol;
    for (let empty = 0; empty < MAX_EMPTY_PAGES;) {
      const toMs = this.#oldestAskedMs;
      const fromMs = toMs - this.#pageMs();
      const loaded = await this.#load(fromMs, toMs).catch(() => null);
      if (loaded === null || symbol !== this.#symbol) return;
      this.#oldestAskedMs = fromMs;
      if (loaded.length) {
        for (const candle of loaded) this.candles.set(candle.window_start_ms, candle);
        this.#draw();
        return;
      }
      empty += 1;
    }
    this.#isAtStart = true;
  }

  /** Load all pages of a span; null if another load replaced this one. */
  async #load(fromMs, toMs) {
    const abort = new AbortController();
    this.#loading = abort;
    try {
      const candles = [];
      let cursor = null;
      do {
        const query = new URLSearchParams({
          symbol: this.#symbol, window: this.#interval, from: isoOf(fromMs), to: isoOf(toMs), limit: "1000",
          ...(cursor && { cursor }),
        });
        const answer = await fetch(`api/candles?${query}`, { signal: abort.signal });
        const page = await answer.json();
        if (!answer.ok) throw new Error(page.error.message);
        candles.push(...page.candles);
        cursor = page.next_cursor;
      } while (cursor);
      return candles;
    } catch (error) {
      if (error.name === "AbortError") return null;
      throw error;
    } finally {
      if (this.#loading === abort) this.#loading = null;
    }
  }

  #draw() {
    const sorted = [...this.candles.values()].sort((a, b) => a.window_start_ms - b.window_start_ms);
    this.#decimals = 0;
    sorted.forEach((candle) => this.#fitDecimals(candle));
    this.#prices.setData(sorted.map((candle) => this.#bar(candle)));
    this.#volumes.setData(sorted.map((candle) => this.#volume(candle)));
    this.#sessions.setData(sorted.map((candle) => this.#session(candle)));
  }

  #pageMs() {
    return Math.min(PAGE_WINDOWS * this.#windowMs, MAX_SPAN_MS);
  }

  #fitDecimals(candle) {
    const decimals = Math.max(this.#decimals, 2, decimalsOf(candle.close), decimalsOf(candle.low));
    if (decimals === this.#decimals) return;
    this.#decimals = decimals;
    this.#prices.applyOptions({ priceFormat: { type: "price", precision: decimals, minMove: 10 ** -decimals } });
  }

  #bar(candle) {
    const { open, high, low, close } = viewed(candle, this.#view);
    const time = candle.window_start_ms / 1000;
    // A window without an eligible price has its place on the time scale, and no bar.
    if (open === null || high === null) return { time };
    return { time, open: Number(open), high: Number(high), low: Number(low), close: Number(close) };
  }

  #session(candle) {
    const isExtended = candle.session === "pre" || candle.session === "post";
    return { time: candle.window_start_ms / 1000, value: isExtended ? 1 : 0, color: this.#colours.session };
  }

  #volume(candle) {
    const isUp = Number(candle.close) >= Number(candle.open);
    return {
      time: candle.window_start_ms / 1000, value: Number(viewed(candle, this.#view).volume),
      color: isUp ? this.#colours["up-volume"] : this.#colours["down-volume"],
    };
  }

  #paint() {
    const found = colours("panel", "muted", "grid", "line", "up", "down", "up-volume", "down-volume", "raised", "session");
    this.#colours = found;
    this.#chart.applyOptions({
      layout: { background: { type: ColorType.Solid, color: found.panel }, textColor: found.muted },
      grid: { vertLines: { color: found.grid }, horzLines: { color: found.grid } },
      rightPriceScale: { borderColor: found.line },
      timeScale: { borderColor: found.line },
    });
    this.#prices.applyOptions({ upColor: found.up, downColor: found.down, wickUpColor: found.up, wickDownColor: found.down });
    this.#draw();
  }
}

function isoOf(ms) {
  return new Date(ms).toISOString();
}
