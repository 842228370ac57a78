// Numbers and times as text for people. Amounts are exact decimal text and stay text; only the chart converts them to floats.

const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: "UTC" });
const dayAndClock = new Intl.DateTimeFormat("en-GB", {
  day: "2-digit", month: "short", hour: "2-digit", minute: "2-digit", timeZone: "UTC",
});

export const DASH = "–";

/** Return the number of decimals of an exact amount. */
export function decimalsOf(text) {
  const point = text.indexOf(".");
  return point < 0 ? 0 : text.length - point - 1;
}

/** Return an exact amount with grouped thousands and at least `leastDecimals` decimals, without rounding. */
export function amount(text, leastDecimals = 0) {
  if (text === null || text === undefined) return DASH;
  const [whole, fraction = ""] = text.split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  const padded = fraction.padEnd(leastDecimals, "0");
  return padded ? `${grouped}.${padded}` : grouped;
}

/** Return a rounded volume; the table has the exact one. */
export function short(text) {
  const value = Number(text);
  if (value === 0) return "0";
  if (value < 1) return value.toPrecision(3);
  return new Intl.NumberFormat("en-US", { notation: "compact", maximumSignificantDigits: 4 }).format(value);
}

/** Return the change between two exact amounts: text and direction. */
export function change(fromText, toText) {
  const from = Number(fromText);
  const to = Number(toText);
  if (!from || fromText === undefined) return { text: DASH, direction: "flat" };
  const percent = ((to - from) / from) * 100;
  const rounded = percent.toFixed(2);
  if (Number(rounded) === 0) return { text: "0.00%", direction: "flat" };
  return percent > 0 ? { text: `▲ ${rounded}%`, direction: "up" } : { text: `▼ ${rounded.slice(1)}%`, direction: "down" };
}

export function timeOf(ms) {
  return clock.format(ms);
}

export function dayAndTimeOf(ms) {
  return dayAndClock.format(ms);
}

/** Return a length of time, given in milliseconds, in a suitable unit. */
export function span(ms) {
  if (ms === null || ms === undefined) return DASH;
  if (ms > 0 && ms < 1) return "< 1 ms";
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < 120_000 && ms !== 60_000) return `${Math.round(ms / 1000)} s`;
  if (ms < 7_200_000) return `${Math.round(ms / 60_000)} min`;
  if (ms < 172_800_000) return `${Math.round(ms / 3_600_000)} h`;
  return `${Math.round(ms / 86_400_000)} days`;
}

/** Return the name of a window length: 1m, 5m, 1h. */
export function windowName(ms) {
  if (ms % 3_600_000 === 0) return `${ms / 3_600_000}h`;
  if (ms % 60_000 === 0) return `${ms / 60_000}m`;
  return ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`;
}

/** Return `partial` if a gap overlaps the window of a candle, `complete` if none does, and empty text if the gaps are unknown. */
export function coverageOf(candle, gaps) {
  if (!gaps?.is_known || candle.window_start_ms < gaps.fromMs) return "";
  const endMs = candle.window_start_ms + candle.window_ms;
  return gaps.gaps.some((gap) => gap.start_ms < endMs && gap.end_ms > candle.window_start_ms) ? "partial" : "complete";
}

/** Return whether a candle can still change, by event time: forming, settling or final. */
export function statusOf(candle, newestEventMs, latenessMs) {
  const endMs = candle.window_start_ms + candle.window_ms;
  if (newestEventMs === null || newestEventMs < endMs) return "forming";
  return newestEventMs - latenessMs < endMs ? "settling" : "final";
}
