import { api, ask, Failure, type Schemas } from '$lib/api/client';
import { connection } from '$lib/state/connection.svelte';

type Line = Schemas['LogBody'];

/** What comes at once is shown at once, but the page is not drawn anew for each line. */
const BATCH_MS = 200;
/** Before a stream that the browser gave up on is asked for again. */
const AGAIN_MS = 3_000;

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
    return this.#isConnected && !connection.isLost;
  }
  /** The server does not let the caller follow: the browser does not try again. */
  get isRefused() {
    return this.#isRefused;
  }
  /** How many came since it was paused. */
  get waiting() {
    return this.#waiting.length;
  }

  /** Begins; returns what ends it. `connected` is called the first time, and after a break that the browser gave up on. */
  begin(app: string, connected: () => void): () => void {
    let source: EventSource | undefined;
    let again: ReturnType<typeof setTimeout> | undefined;
    let isEnded = false;
    let fresh: Line[] = [];

    const open = () => {
      let isFirst = true;
      source = new EventSource(`/api/v1/admin/logs/stream?app=${encodeURIComponent(app)}`);
      source.addEventListener('open', () => {
        this.#isConnected = true;
        if (isFirst) connected();
        isFirst = false;
      });
      source.addEventListener('error', () => {
        this.#isConnected = false;
        void connection.look();
        if (source?.readyState === EventSource.CLOSED) void refused();
      });
      source.addEventListener('log', (event: MessageEvent<string>) => fresh.push(JSON.parse(event.data) as Line));
    };
    /** The browser does not say why. Somebody who may read has met a proxy without a server behind it, or too many streams: that passes. */
    const refused = async () => {
      try {
        await ask(api.GET('/api/v1/admin/logs', { params: { query: { app, limit: 1 } } }));
      } catch (thrown) {
        this.#isRefused = [401, 403, 404].includes(Failure.from(thrown).status);
      }
      if (!isEnded && !this.#isRefused) again = setTimeout(open, AGAIN_MS);
    };

    /** A stream that was open when the network went may look open for long. */
    const afterBreak = () => {
      source?.close();
      clearTimeout(again);
      open();
      connection.whenBack(this, afterBreak);
    };

    open();
    connection.whenBack(this, afterBreak);
    const timer = setInterval(() => {
      if (fresh.length === 0) return;
      this.#waiting = [...fresh.reverse(), ...this.#waiting].slice(0, this.most);
      fresh = [];
      if (!this.#isPaused) this.#hand();
    }, BATCH_MS);
    return () => {
      isEnded = true;
      connection.forget(this);
      clearInterval(timer);
      clearTimeout(again);
      source?.close();
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
