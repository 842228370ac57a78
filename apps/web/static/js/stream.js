// The stream of updates. The browser comes back by itself after a cut; what it cannot cure (an answer that is no stream, a connection that
// says nothing any more) is cured here. Coming back says the last event's id, so that nothing is missed and nothing is loaded twice.

const SILENCE_MS = 10_000;
const LONGEST_WAIT_MS = 10_000;

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
    source.addEventListener("snapshot", (event) => this.#take(event, (data) => this.market.begin(data)));
    source.addEventListener("tick", (event) => this.#take(event, (data) => this.market.tick(data)));
    source.addEventListener("error", () => {
      this.#say(false);
      if (source.readyState === EventSource.CLOSED) this.#openLater();
    });
    this.#watch();
  }

  #take(event, use) {
    this.#lastId = event.lastEventId;
    this.#waitMs = 500;
    this.#watch();
    use(JSON.parse(event.data));
    this.#say(true);
  }

  #watch() {
    clearTimeout(this.#watchdog);
    this.#watchdog = setTimeout(() => {
      this.#say(false);
      this.open();
    }, SILENCE_MS);
  }

  #openLater() {
    clearTimeout(this.#watchdog);
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.open(), this.#waitMs);
    this.#waitMs = Math.min(2 * this.#waitMs, LONGEST_WAIT_MS);
  }

  #say(isConnected) {
    this.dispatchEvent(new CustomEvent("connection", { detail: isConnected }));
  }
}
