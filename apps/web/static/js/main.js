// Puts the page together: the stream fills the market, the market's news go to the watchlist, the chart and the health.

import { Chart } from "./chart.js";
import { DASH, amount, change, coverageOf, dayAndTimeOf, short, span, statusOf, timeOf, windowName } from "./format.js";
import { HealthPanel } from "./health.js";
import { Market, closesOf } from "./market.js";
import { Stream } from "./stream.js";
import { startTheme } from "./theme.js";
import { Watchlist } from "./watchlist.js";

const TABLE_ROWS = 30;
const GAPS_EVERY_MS = 5_000;
const GONE_AFTER_MS = 3_000;
const $ = (id) => document.getElementById(id);

startTheme($("theme"));
const market = new Market();
const stream = new Stream(market);
const chart = new Chart($("chart"));
const watchlist = new Watchlist($("watchlist"), $("filter"), $("watch-empty"));
const health = new HealthPanel($("stages"), $("alerts"), $("links"));
let selected = null;
let pointed = null;
let isConnected = false;
let gaps = null;
let goneTimer = 0;

market.addEventListener("begin", () => {
  $("title").textContent = market.title;
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
    chart.update(candles);
  }
  if (candles || !pointed) showQuote();
  if (candles) showTable();
  showHealth();
});

watchlist.addEventListener("choose", (event) => {
  if (event.detail === selected) return;
  selected = event.detail;
  pointed = null;
  gaps = null;
  history.replaceState(null, "", `#${encodeURIComponent(selected)}`);
  load();
});

chart.addEventListener("point", (event) => {
  pointed = event.detail?.window_start_ms ?? null;
  showLegend();
});

chart.addEventListener("scroll", (event) => {
  $("to-newest").hidden = event.detail || !chart.candles.size;
});

stream.addEventListener("connection", (event) => {
  isConnected = event.detail;
  showConnection();
  if (isConnected) {
    clearTimeout(goneTimer);
    goneTimer = 0;
    $("gone").hidden = true;
  } else if (!goneTimer) {
    goneTimer = setTimeout(showGone, GONE_AFTER_MS);
  }
});

$("to-newest").addEventListener("click", () => chart.toNewest());
$("table-details").addEventListener("toggle", showTable);

document.addEventListener("keydown", (event) => {
  if (event.target.matches("input, textarea") || event.ctrlKey || event.metaKey || event.altKey) return;
  const actions = {
    "/": () => $("filter").focus(),
    t: () => $("theme").click(),
    End: () => chart.toNewest(),
    ArrowDown: () => watchlist.move(1),
    ArrowUp: () => watchlist.move(-1),
  };
  // Arrows belong to whatever scrolls when that has the focus.
  const isElsewhere = event.target.closest(".table-scroll, summary, button, a") && event.key !== "/" && event.key !== "t";
  if (event.key in actions && !isElsewhere) {
    event.preventDefault();
    actions[event.key]();
  }
});

stream.open();
setInterval(loadGaps, GAPS_EVERY_MS);

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
    await chart.show(symbol, entry.candle, market.windowMs);
  } catch (error) {
    if (symbol === selected) note(`The history cannot be read: ${error.message}`);
    return;
  }
  if (symbol !== selected) return;
  note(chart.candles.size ? "" : `No candles of ${symbol} yet.`);
  showQuote();
  showTable();
  loadGaps();
}

/** Ask what was not seen of the symbol during the candles of the chart. What cannot be had is not shown. */
async function loadGaps() {
  const symbol = selected;
  const starts = [...chart.candles.keys()];
  if (!symbol || !starts.length || market.isRecording) return;
  const fromMs = Math.min(...starts);
  const query = new URLSearchParams({ symbol, from: new Date(fromMs).toISOString() });
  const found = await fetch(`api/gaps?${query}`).then((answer) => (answer.ok ? answer.json() : null), () => null);
  if (symbol !== selected) return;
  gaps = found && { ...found, fromMs };
  showLegend();
  showTable();
}

function note(text) {
  $("chart-note").textContent = text;
  $("chart-note").hidden = !text;
}

function showQuote() {
  const entry = market.symbols.get(selected);
  const candle = entry?.candle;
  $("symbol-name").textContent = entry ? entry.symbol.split(":").slice(-1)[0] : DASH;
  $("symbol-venue").textContent = entry ? `${entry.venue} · ${windowName(market.windowMs)}` : "";
  $("last-price").textContent = candle ? amount(candle.close, chart.decimals) : DASH;
  const closes = entry ? closesOf(entry) : [];
  const moved = candle ? change(closes[0][1], candle.close) : { text: "", direction: "flat" };
  $("last-change").textContent = candle && closes.length > 1 ? `${moved.text} in ${span(closes.at(-1)[0] - closes[0][0])}` : "";
  $("last-change").className = `change is-${moved.direction}`;
  document.title = candle ? `${amount(candle.close, chart.decimals)} ${$("symbol-name").textContent} · tapeline` : "tapeline";
  if (candle) {
    $("chart").setAttribute("aria-label", `Candles and volume of ${entry.symbol}, last price ${candle.close}. The table below has the figures.`);
  }
  showLegend();
}

function showLegend() {
  const candle = (pointed !== null && chart.candles.get(pointed)) || market.symbols.get(selected)?.candle;
  const field = (name) => document.querySelector(`#legend [data-field="${name}"]`);
  for (const name of ["open", "high", "low", "close", "vwap"]) {
    field(name).textContent = candle ? amount(name === "vwap" ? rounded(candle.vwap) : candle[name], chart.decimals) : DASH;
  }
  field("volume").textContent = candle ? short(candle.volume) : DASH;
  field("volume").title = candle ? amount(candle.volume) : "";
  field("trades").textContent = candle ? countOf(candle) : DASH;
  field("time").textContent = candle ? dayAndTimeOf(candle.window_start_ms) : DASH;
  const status = candle ? statusOf(candle, market.health?.newest_event_ms ?? null, market.latenessMs) : "";
  field("status").textContent = status || DASH;
  field("status").dataset.status = status;
  const coverage = candle ? coverageOf(candle, gaps) : "";
  field("coverage").textContent = coverage;
  field("coverage").dataset.status = coverage;
  field("coverage").hidden = !coverage;
}

function rounded(vwap) {
  return vwap === null ? null : Number(vwap).toFixed(chart.decimals);
}

function countOf(candle) {
  const trades = candle.trade_count.toLocaleString("en-US");
  return candle.update_count ? `${trades} +${candle.update_count.toLocaleString("en-US")} upd` : trades;
}

function showTable() {
  if (!$("table-details").open) return;
  const rows = chart.latest(TABLE_ROWS).map((candle) => {
    const row = document.createElement("tr");
    const known = [statusOf(candle, market.health?.newest_event_ms ?? null, market.latenessMs), coverageOf(candle, gaps)];
    const status = known.filter(Boolean).join(", ");
    const prices = ["open", "high", "low", "close"].map((name) => amount(candle[name], chart.decimals));
    for (const text of [dayAndTimeOf(candle.window_start_ms), ...prices, amount(candle.volume), countOf(candle), status]) {
      row.insertCell().textContent = text;
    }
    return row;
  });
  $("table-body").replaceChildren(...rows);
}

function showHealth() {
  health.show(market.health, market.isRecording);
  showConnection();
}

// Nobody else could tell on this page that its own server is gone.
function showGone() {
  const others = Object.entries(market.health?.links ?? {}).map(([name, url]) => {
    const link = document.createElement("a");
    link.textContent = name;
    link.href = url;
    return link;
  });
  const told = others.length ? [" What watches it may know more: ", ...others.flatMap((link) => [link, " "])] : [];
  const words = `Nothing answers at ${location.host}: the program that serves this page has ended, or hangs. What is shown is old. Look at its terminal, and start it again; docs/runbooks/InstanceDown.md says more.`;
  $("gone").replaceChildren(words, ...told);
  $("gone").hidden = false;
}

function showConnection() {
  const now = market.health;
  const [state, text] = !isConnected
    ? [now ? "down" : "waiting", now ? "Reconnecting…" : "Connecting…"]
    : {
        ok: ["ok", market.isRecording ? `Recording · ${timeOf(now.newest_event_ms ?? 0)}` : "Live"],
        warning: ["warning", "Needs a look"],
        down: ["down", "Trouble"],
      }[now.state];
  const pill = $("connection");
  if (pill.dataset.state !== state) pill.dataset.state = state;
  if ($("connection-text").textContent !== text) $("connection-text").textContent = text;
}
