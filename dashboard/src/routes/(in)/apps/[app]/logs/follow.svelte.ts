import type { Schemas } from '$lib/api/client';

type Line = Schemas['LogBody'];

/** What comes at once is shown at once, but the page is not drawn anew for each line. */
const BATCH_MS = 200;

/** The lines that are logged from now on. The browser connects again by itself, and asks for what it has missed. */
export class Follow {
  #waiting = $state.raw<Line[]>([]);
  #isPaused = $state(false);
  #isConnected = $state(false);
  #isRefused = $state(false);

  constructor(
    private readonly most: number,
    /** Newest first. */
    private readonly take: (lines: Line[]) => void,
  ) {}

  get isPaused() {
    return this.#isPaused;
  }
  get isConnected() {
    return this.#isConnected;
  }
  /** The server does not let the caller follow: the browser does not try again. */
  get isRefused() {
    return this.#isRefused;
  }
  /** How many came since it was paused. */
  get waiting() {
    return this.#waiting.length;
  }

  /** Begins; returns what ends it. `connected` is called the first time. */
  begin(app: string, connected: () => void): () => void {
    const source = new EventSource(`/api/v1/admin/logs/stream?app=${encodeURIComponent(app)}`);
    let fresh: Line[] = [];
    let isFirst = true;
    source.addEventListener('open', () => {
      this.#isConnected = true;
      if (isFirst) connected();
      isFirst = false;
    });
    source.addEventListener('error', () => {
      this.#isConnected = false;
      this.#isRefused = source.readyState === EventSource.CLOSED;
    });
    source.addEventListener('log', (event: MessageEvent<string>) => fresh.push(JSON.parse(event.data) as Line));
    const timer = setInterval(() => {
      if (fresh.length === 0) return;
      this.#waiting = [...fresh.reverse(), ...this.#waiting].slice(0, this.most);
      fresh = [];
      if (!this.#isPaused) this.#hand();
    }, BATCH_MS);
    return () => {
      clearInterval(timer);
      source.close();
      this.#waiting = [];
      this.#isConnected = this.#isRefused = false;
    };
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#hand();
  }

  #hand(): void {
    const lines = this.#waiting;
    this.#waiting = [];
    if (lines.length > 0) this.take(lines);
  }
}
