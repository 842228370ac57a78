// The state of the connection to the server: a short text in the bar, and a warning when the server stays unavailable.

import { timeOf } from "./format.js";

const UNAVAILABLE_AFTER_MS = 3_000;

export class ConnectionStatus {
  #isConnected = false;
  #health = null;
  #isRecording = false;
  #timer = 0;

  constructor(pill, text, warning) {
    this.pill = pill;
    this.text = text;
    this.warning = warning;
  }

  setConnected(isConnected) {
    this.#isConnected = isConnected;
    if (isConnected) {
      clearTimeout(this.#timer);
      this.#timer = 0;
      this.warning.hidden = true;
    } else {
      this.#timer ||= setTimeout(() => this.#warn(), UNAVAILABLE_AFTER_MS);
    }
    this.#show();
  }

  setHealth(health, isRecording) {
    this.#health = health;
    this.#isRecording = isRecording;
    this.#show();
  }

  #show() {
    const [state, text] = this.#isConnected ? this.#connected() : this.#disconnected();
    if (this.pill.dataset.state !== state) this.pill.dataset.state = state;
    if (this.text.textContent !== text) this.text.textContent = text;
  }

  #connected() {
    switch (this.#health?.state) {
      case "ok": return ["ok", this.#isRecording ? `Recording · ${timeOf(this.#health.newest_event_ms ?? 0)}` : "Live"];
      case "warning": return ["warning", "Needs a look"];
      case "down": return ["down", "Trouble"];
      default: return ["waiting", "Connecting…"];
    }
  }

  #disconnected() {
    return this.#health ? ["down", "Reconnecting…"] : ["waiting", "Connecting…"];
  }

  // The server cannot report that it is unavailable itself, so the page does.
  #warn() {
    const links = Object.entries(this.#health?.links ?? {}).flatMap(([name, url]) => {
      const link = document.createElement("a");
      link.textContent = name;
      link.href = url;
      return [link, " "];
    });
    const text = `Nothing answers at ${location.host}: the program that serves this page has ended or does not respond. `
      + "The figures below are old. Look at its terminal and start it again; docs/runbooks/InstanceDown.md says more.";
    this.warning.replaceChildren(text, ...(links.length ? [" Monitoring: ", ...links] : []));
    this.warning.hidden = false;
  }
}
