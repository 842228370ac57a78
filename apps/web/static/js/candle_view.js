// The legend of one candle and the table of the latest ones, with exact figures.
// `context` holds what a candle alone does not know: { newestEventMs, latenessMs, gaps, decimals }.

import { DASH, amount, coverageOf, dayAndTimeOf, short, statusOf } from "./format.js";

export function showLegend(legend, candle, context) {
  const field = (name) => legend.querySelector(`[data-field="${name}"]`);
  for (const name of ["open", "high", "low", "close"]) {
    field(name).textContent = candle ? amount(candle[name], context.decimals) : DASH;
  }
  field("vwap").textContent = candle ? amount(rounded(candle.vwap, context.decimals), context.decimals) : DASH;
  field("volume").textContent = candle ? short(candle.volume) : DASH;
  field("volume").title = candle ? amount(candle.volume) : "";
  field("trades").textContent = candle ? countOf(candle) : DASH;
  field("time").textContent = candle ? dayAndTimeOf(candle.window_start_ms) : DASH;
  const status = candle ? statusOf(candle, context.newestEventMs, context.latenessMs) : "";
  field("status").textContent = status || DASH;
  field("status").dataset.status = status;
  const coverage = candle ? coverageOf(candle, context.gaps) : "";
  field("coverage").textContent = coverage;
  field("coverage").dataset.status = coverage;
  field("coverage").hidden = !coverage;
}

export function showTable(body, candles, context) {
  body.replaceChildren(...candles.map((candle) => makeRow(candle, context)));
}

function makeRow(candle, context) {
  const row = document.createElement("tr");
  const prices = ["open", "high", "low", "close"].map((name) => amount(candle[name], context.decimals));
  const states = [statusOf(candle, context.newestEventMs, context.latenessMs), coverageOf(candle, context.gaps)];
  const texts = [
    dayAndTimeOf(candle.window_start_ms), ...prices, amount(candle.volume), countOf(candle), states.filter(Boolean).join(", "),
  ];
  for (const text of texts) row.insertCell().textContent = text;
  return row;
}

function rounded(vwap, decimals) {
  return vwap === null ? null : Number(vwap).toFixed(decimals);
}

function countOf(candle) {
  const trades = candle.trade_count.toLocaleString("en-US");
  return candle.update_count ? `${trades} +${candle.update_count.toLocaleString("en-US")} upd` : trades;
}
