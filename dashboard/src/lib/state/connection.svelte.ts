/** So often PiCloud is asked again while it does not answer. */
const AGAIN_MS = 2_000;

/** Whether PiCloud answers. Requests say what became of them; while it does not answer, it is asked until it does, and what failed meanwhile is asked for again. */
class Connection {
  #isLost = $state(false);
  #isLooking = false;
  /** One a thing: who fails twice is called once. */
  #waiting = new Map<object, () => void>();

  get isLost() {
    return this.#isLost;
  }

  /** Called once, when the page begins: what the browser notices of the network is a reason to look. */
  watch(): () => void {
    const look = () => void this.look();
    addEventListener('online', look);
    addEventListener('offline', look);
    return () => {
      removeEventListener('online', look);
      removeEventListener('offline', look);
    };
  }

  /** There was an answer. */
  answered(): void {
    if (!this.#isLost) return;
    this.#isLost = false;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const again of waiting) again();
  }

  /** There was none. */
  lost(): void {
    if (this.#isLost) return;
    this.#isLost = true;
    this.#lookLater();
  }

  /** What `whose` does when there is an answer again. */
  whenBack(whose: object, again: () => void): void {
    this.#waiting.set(whose, again);
  }

  forget(whose: object): void {
    this.#waiting.delete(whose);
  }

  /** Asks for the smallest answer that there is. */
  async look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    const isThere = await fetch('/healthz', { cache: 'no-store' }).then(
      (response) => response.ok,
      () => false,
    );
    this.#isLooking = false;
    if (isThere) this.answered();
    else this.lost();
  }

  #lookLater(): void {
    setTimeout(async () => {
      if (!this.#isLost) return;
      await this.look();
      if (this.#isLost) this.#lookLater();
    }, AGAIN_MS);
  }
}

export const connection = new Connection();
