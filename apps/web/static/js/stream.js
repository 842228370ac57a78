// The stream of updates. The browser reconnects on its own after a lost connection. This class handles the other cases: a response that is not a
// stream, and a connection that stays silent. A reconnect sends the id of the last event, so that no update is missed or loaded twice.

const SILENCE_TIMEOUT_MS = 10_000;
const MAX_WAIT_MS = 10_000;

export class Stream extends EventTarget {
  #source = null;
  #lastId = "";
  #watchdog = 0;
  #retry = 0;
  #waitMs = 500;

  constructor(market) {
    super();
    this.market = market;
  }

  open() {
    clearTimeout(this.#retry);
    this.#source?.close();
    const source = new EventSource(`api/stream${this.#lastId ? `?after=${encodeURIComponent(this.#lastId)}` : ""}`);
    this.#source = source;
    source.addEventListener("snapshot", (event) => this.#handle(event, (data) => this.market.reset(data)));
    source.addEventListener("tick", (event) => this.#handle(event, (data) => this.market.tick(data)));
    source.addEventListener("error", () => {
      this.#report(false);
      if (source.readyState === EventSource.CLOSED) this.#reopenLater();
    });
    this.#restartWatchdog();
  }

  #handle(event, use) {
    this.#lastId = event.lastEventId;
    this.#waitMs = 500;
    this.#restartWatchdog();
    use(JSON.parse(event.data));
    this.#report(true);
  }

  #restartWatchdog() {
    clearTimeout(this.#watchdog);
    this.#watchdog = setTimeout(() => {
      this.#report(false);
      this.open();
    }, SILENCE_TIMEOUT_MS);
  }

  #reopenLater() {
    clearTimeout(this.#watchdog);
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.open(), this.#waitMs);
    this.#waitMs = Math.min(2 * this.#waitMs, MAX_WAIT_MS);
  }

  #report(isConnected) {
    this.dispatchEvent(new CustomEvent("connection", { detail: isConnected }));
  }
}
