// Connects the parts of the page: the stream updates the market, and the market updates the watchlist, the chart and the health.

import { Chart } from "./chart.js";
import { Choices, INTERVALS, viewed } from "./choices.js";
import { ConnectionStatus } from "./connection.js";
import { DASH, amount, change, span, windowName } from "./format.js";
import { HealthPanel } from "./health.js";
import { bindKeys } from "./keyboard.js";
import { Market, closesOf } from "./market.js";
import { Reports } from "./reports.js";
import { Stream } from "./stream.js";
import { startTheme } from "./theme.js";
import { showLegend, showTable } from "./candle_view.js";
import { Watchlist } from "./watchlist.js";

const TABLE_ROWS = 30;
const GAPS_EVERY_MS = 5_000;
const REFRESH_EVERY_MS = 2_000;
const REPORTS_EVERY_MS = 60_000;
const $ = (id) => document.getElementById(id);

startTheme($("theme"));
const market = new Market();
const stream = new Stream(market);
const chart = new Chart($("chart"));
const choices = new Choices($("intervals"), $("views"));
const watchlist = new Watchlist($("watchlist"), $("filter"), $("watch-empty"));
const reports = new Reports();
const health = new HealthPanel($("stages"), $("alerts"), $("links"));
const connection = new ConnectionStatus($("connection"), $("connection-text"), $("gone"));
let selected = null;
let pointed = null;
let gaps = null;
let isStale = false;

market.addEventListener("reset", () => {
  $("title").textContent = market.title;
  choices.setDefault(market.windowMs);
  chart.setView(choices.view);
  if (!market.symbols.has(selected)) selected = firstChoice();
  watchlist.fill(market);
  watchlist.select(selected);
  showHealth();
  load();
});

market.addEventListener("tick", (event) => {
  watchlist.update(event.detail.keys());
  const candles = event.detail.get(selected);
  if (candles) {
    if (chart.candles.size) $("chart-note").hidden = true;
    if (isStreamed()) chart.update(candles);
    else isStale = true;
  }
  if (candles || !pointed) showQuote();
  if (candles) updateTable();
  showHealth();
});

watchlist.addEventListener("choose", (event) => {
  if (event.detail === selected) return;
  selected = event.detail;
  pointed = null;
  gaps = null;
  history.replaceState(null, "", `${location.search}#${encodeURIComponent(selected)}`);
  load();
});

choices.addEventListener("choose", () => {
  pointed = null;
  gaps = null;
  chart.setView(choices.view);
  load();
});

chart.addEventListener("point", (event) => {
  pointed = event.detail?.window_start_ms ?? null;
  updateLegend();
});

chart.addEventListener("scroll", (event) => {
  $("to-newest").hidden = event.detail || !chart.candles.size;
});

reports.addEventListener("change", showReports);
stream.addEventListener("connection", (event) => connection.setConnected(event.detail));
$("to-newest").addEventListener("click", () => chart.toNewest());
$("table-details").addEventListener("toggle", updateTable);

bindKeys({
  "/": () => $("filter").focus(),
  t: () => $("theme").click(),
  End: () => chart.toNewest(),
  ArrowDown: () => watchlist.move(1),
  ArrowUp: () => watchlist.move(-1),
}, ["/", "t"]);

stream.open();
setInterval(loadGaps, GAPS_EVERY_MS);
setInterval(refresh, REFRESH_EVERY_MS);
reports.load();
setInterval(() => reports.load(), REPORTS_EVERY_MS);

/** Return whether the shown candles are those of the stream. */
function isStreamed() {
  return INTERVALS[choices.interval] === market.windowMs;
}

/** Read longer candles again after the stream has changed a shorter one. */
async function refresh() {
  if (!isStale || isStreamed()) return;
  isStale = false;
  await chart.refresh();
  updateLegend();
  updateTable();
}

function firstChoice() {
  const named = decodeURIComponent(location.hash.slice(1));
  if (market.symbols.has(named)) return named;
  const withCandles = [...market.symbols.values()].find((entry) => entry.candle);
  return (withCandles ?? market.symbols.values().next().value)?.symbol ?? null;
}

async function load() {
  const entry = market.symbols.get(selected);
  showQuote();
  if (!entry) return note("Waiting for the first candles.");
  const symbol = selected;
  if (!chart.candles.size) note("Loading…");
  try {
    await chart.show(symbol, entry.candle, choices.interval);
  } catch (error) {
    if (symbol === selected) note(`The history cannot be read: ${error.message}`);
    return;
  }
  if (symbol !== selected) return;
  note(chart.candles.size ? "" : `No candles of ${symbol} yet.`);
  showQuote();
  updateTable();
  loadGaps();
}

/** Load the gaps of the symbol during the candles of the chart. On an error, none are shown. */
async function loadGaps() {
  const symbol = selected;
  const starts = [...chart.candles.keys()];
  if (!symbol || !starts.length || market.isRecording) return;
  const fromMs = Math.min(...starts);
  const query = new URLSearchParams({ symbol, from: new Date(fromMs).toISOString() });
  const found = await fetch(`api/gaps?${query}`).then((answer) => (answer.ok ? answer.json() : null), () => null);
  if (symbol !== selected) return;
  gaps = found && { ...found, fromMs };
  updateLegend();
  updateTable();
}

function note(text) {
  $("chart-note").textContent = text;
  $("chart-note").hidden = !text;
}

function showQuote() {
  const entry = market.symbols.get(selected);
  const candle = entry?.candle;
  $("symbol-name").textContent = entry ? entry.symbol.split(":").slice(-1)[0] : DASH;
  $("symbol-venue").textContent = entry ? `${entry.venue} · ${choices.interval ?? windowName(market.windowMs)}` : "";
  $("last-price").textContent = candle ? amount(candle.close, chart.decimals) : DASH;
  const closes = entry ? closesOf(entry) : [];
  const moved = candle ? change(closes[0][1], candle.close) : { text: "", direction: "flat" };
  $("last-change").textContent = candle && closes.length > 1 ? `${moved.text} in ${span(closes.at(-1)[0] - closes[0][0])}` : "";
  $("last-change").className = `change is-${moved.direction}`;
  document.title = candle ? `${amount(candle.close, chart.decimals)} ${$("symbol-name").textContent} · tapeline` : "tapeline";
  if (candle) {
    $("chart").setAttribute("aria-label", `Candles and volume of ${entry.symbol}, last price ${candle.close}. The table below has the figures.`);
  }
  reports.show($("day-report"), selected);
  updateLegend();
}

function showReports() {
  $("figure-reports").textContent = reports.summary();
  reports.show($("day-report"), selected);
}

/** What the legend and the table need beside the candle itself. */
function context() {
  return {
    newestEventMs: market.health?.newest_event_ms ?? null, latenessMs: market.latenessMs, gaps, decimals: chart.decimals,
  };
}

function updateLegend() {
  const newest = isStreamed() ? market.symbols.get(selected)?.candle : chart.latest(1)[0];
  const candle = (pointed !== null && chart.candles.get(pointed)) || newest;
  showLegend($("legend"), candle && viewed(candle, choices.view), context());
}

function updateTable() {
  if ($("table-details").open) showTable($("table-body"), chart.latest(TABLE_ROWS).map((candle) => viewed(candle, choices.view)), context());
}

function showHealth() {
  health.show(market.health, market.isRecording);
  connection.setHealth(market.health, market.isRecording);
}
