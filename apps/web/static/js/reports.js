// The reports of the newest reported day: a line for the selected symbol, and a count of each verdict.

import { DASH } from "./format.js";

const VERDICTS = ["complete", "degraded", "missing"];

export class Reports extends EventTarget {
  #day = null;
  #bySymbol = new Map();

  /** Load the reports. On an error, those known before stay. */
  async load() {
    const found = await fetch("api/reports").then((answer) => (answer.ok ? answer.json() : null), () => null);
    if (!found) return;
    this.#day = found.day;
    this.#bySymbol = new Map(found.reports.map((report) => [report.symbol, report]));
    this.dispatchEvent(new Event("change"));
  }

  /** Show the report of a symbol; hide the line if there is none. */
  show(line, symbol) {
    const report = this.#bySymbol.get(symbol);
    line.hidden = !report;
    line.dataset.verdict = report?.verdict ?? "";
    line.textContent = report ? `${this.#day}: ${report.verdict}${details(report)}` : "";
  }

  /** Return how many symbols have each verdict, in words. */
  summary() {
    const verdicts = [...this.#bySymbol.values()].map((report) => report.verdict);
    const counts = VERDICTS.map((name) => [verdicts.filter((verdict) => verdict === name).length, name]);
    return counts.filter(([count]) => count).map(([count, name]) => `${count} ${name}`).join(", ") || DASH;
  }
}

function details(report) {
  const parts = [];
  if (report.coverage_percent !== null) parts.push(`received ${report.coverage_percent} %`);
  if (report.gaps) parts.push(`${report.gaps} ${report.gaps === 1 ? "gap" : "gaps"}`);
  if (report.late) parts.push(`${report.late} late`);
  if (report.rejected) parts.push(`${report.rejected} rejected`);
  if (report.corrections) parts.push(`${report.corrections} corrected`);
  if (!report.equal_to_trades) parts.push("candles differ from trades");
  return parts.map((part) => ` · ${part}`).join("");
}
