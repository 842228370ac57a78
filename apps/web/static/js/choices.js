// The choices of the chart, kept in the address: the length of a candle (`interval`) and the view of its trades (`view`).

export const INTERVALS = { "1m": 60_000, "5m": 300_000, "15m": 900_000, "1h": 3_600_000, "1d": 86_400_000 };
const VIEWS = ["raw", "eligible"];

export class Choices extends EventTarget {
  interval;
  view;
  #groups;

  constructor(intervals, views) {
    super();
    const given = new URLSearchParams(location.search);
    this.interval = given.get("interval") in INTERVALS ? given.get("interval") : null;
    this.view = VIEWS.includes(given.get("view")) ? given.get("view") : "raw";
    this.#groups = { interval: intervals, view: views };
    for (const [name, group] of Object.entries(this.#groups)) {
      group.addEventListener("click", (event) => {
        const chosen = event.target.dataset.choice;
        if (chosen && chosen !== this[name]) this.#choose(name, chosen);
      });
    }
    this.#show();
  }

  /** Take the page's own interval where the address names none. */
  setDefault(windowMs) {
    const known = Object.keys(INTERVALS).find((name) => INTERVALS[name] === windowMs);
    this.interval ??= known ?? "1m";
    this.#show();
  }

  #choose(name, chosen) {
    this[name] = chosen;
    const query = new URLSearchParams(location.search);
    query.set(name, chosen);
    history.replaceState(null, "", `?${query}${location.hash}`);
    this.#show();
    this.dispatchEvent(new Event("choose"));
  }

  #show() {
    for (const [name, group] of Object.entries(this.#groups)) {
      for (const button of group.children) button.setAttribute("aria-pressed", String(button.dataset.choice === this[name]));
    }
  }
}

/** Return a candle with the prices, the volume and the counts of a view; prices are null where the view has none. */
export function viewed(candle, view) {
  if (view !== "eligible") return candle;
  const {
    eligible_open: open, eligible_high: high, eligible_low: low, eligible_close: close, eligible_volume: volume,
    eligible_count: trade_count, eligible_vwap: vwap,
  } = candle;
  return { ...candle, open, high, low, close, volume, trade_count, vwap, update_count: 0 };
}
