// The state of the page: symbols with their newest candles and closes, and the health. The stream updates it, and it dispatches `reset` and `tick`.

const CLOSES = 60;

export class Market extends EventTarget {
  symbols = new Map();
  title = "";
  windowMs = 60_000;
  latenessMs = 60_000;
  isRecording = false;
  health = null;

  /** Replace everything by a snapshot. */
  reset(snapshot) {
    this.title = snapshot.title;
    this.windowMs = snapshot.window_ms;
    this.latenessMs = snapshot.lateness_ms;
    this.isRecording = snapshot.is_recording;
    this.symbols = new Map(
      snapshot.symbols.map((entry) => [entry.symbol, {
        symbol: entry.symbol, venue: entry.venue, assetClass: entry.asset_class, candle: entry.candle,
        closes: new Map(entry.history),
      }]),
    );
    this.health = snapshot.health;
    this.dispatchEvent(new Event("reset"));
  }

  /** Apply changed candles and the health. */
  tick(data) {
    const changed = new Map();
    for (const candle of data.candles) {
      const known = this.symbols.get(candle.symbol);
      if (!known) continue;
      if (!known.candle || candle.window_start_ms >= known.candle.window_start_ms) known.candle = candle;
      const isNew = !known.closes.has(candle.window_start_ms);
      known.closes.set(candle.window_start_ms, candle.close);
      if (isNew) trim(known.closes);
      changed.set(candle.symbol, [...(changed.get(candle.symbol) ?? []), candle]);
    }
    this.health = data.health;
    this.dispatchEvent(new CustomEvent("tick", { detail: changed }));
  }
}

/** Return the closes of a symbol, in the order of their windows. */
export function closesOf(entry) {
  return [...entry.closes.entries()].sort((a, b) => a[0] - b[0]);
}

function trim(closes) {
  while (closes.size > CLOSES) closes.delete(Math.min(...closes.keys()));
}
