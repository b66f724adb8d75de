import { Failure } from '$lib/api/client';
import { connection } from './connection.svelte';

/** Something that is asked for, and may take its time or fail: what is shown meanwhile is decided in one place (`Loaded.svelte`). */
export class Resource<T> {
  #value = $state.raw<T>();
  #failure = $state.raw<Failure>();
  #isLoading = $state(false);
  #asked = 0;

  constructor(private readonly ask: () => Promise<T>) {}

  get value() {
    return this.#value;
  }
  get failure() {
    return this.#failure;
  }
  get isLoading() {
    return this.#isLoading;
  }

  /** Asks, again if need be. Of two answers the one to the later question stays, whichever comes first. */
  async load(): Promise<void> {
    const asked = ++this.#asked;
    this.#isLoading = true;
    try {
      const value = await this.ask();
      if (asked !== this.#asked) return;
      this.#value = value;
      this.#failure = undefined;
    } catch (thrown) {
      if (asked !== this.#asked) return;
      this.#failure = Failure.from(thrown);
      if (this.#failure.isUnanswered) connection.whenBack(this, () => void this.load());
    }
    this.#isLoading = false;
  }

  /** What is known now, without asking: after a change whose answer was the new state. */
  set(value: T): void {
    this.#asked++;
    this.#value = value;
    this.#failure = undefined;
    this.#isLoading = false;
  }
}

type Page<T> = { items: T[]; next_cursor?: string | null };

/** A list that comes in pages. */
export class Pages<T> {
  #items = $state.raw<T[]>([]);
  #next = $state.raw<string | null>(null);
  #failure = $state.raw<Failure>();
  #isLoading = $state(false);
  #isKnown = $state(false);
  #asked = 0;

  constructor(private readonly ask: (cursor: string | undefined) => Promise<Page<T>>) {}

  get items() {
    return this.#items;
  }
  get hasMore() {
    return this.#next !== null;
  }
  get failure() {
    return this.#failure;
  }
  get isLoading() {
    return this.#isLoading;
  }
  /** Whether the first page came. */
  get isKnown() {
    return this.#isKnown;
  }

  /** The first page, in place of all that is there. */
  async load(): Promise<void> {
    await this.#page(undefined, []);
  }

  /** The next page, behind what is there. */
  async more(): Promise<void> {
    if (this.#next !== null) await this.#page(this.#next, this.#items);
  }

  /** What is known to be there now, without asking. */
  change(to: (items: T[]) => T[]): void {
    this.#items = to(this.#items);
  }

  /** Says that what comes behind is not to be shown. */
  end(): void {
    this.#next = null;
  }

  async #page(cursor: string | undefined, before: T[]): Promise<void> {
    const asked = ++this.#asked;
    this.#isLoading = true;
    try {
      const page = await this.ask(cursor);
      if (asked !== this.#asked) return;
      this.#items = [...before, ...page.items];
      this.#next = page.next_cursor ?? null;
      this.#failure = undefined;
      this.#isKnown = true;
    } catch (thrown) {
      if (asked !== this.#asked) return;
      this.#failure = Failure.from(thrown);
      if (this.#failure.isUnanswered) connection.whenBack(this, () => void this.#page(cursor, before));
    }
    this.#isLoading = false;
  }
}
