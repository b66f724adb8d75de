import { Failure } from '$lib/api/client';

export type Toast = { id: number; kind: 'done' | 'failed'; text: string };
/** What was done goes by itself; what failed stays until it was read. */
const DONE_MS = 5_000;

class Toasts {
  #items = $state<Toast[]>([]);
  #last = 0;

  get items() {
    return this.#items;
  }

  done(text: string): void {
    const id = this.#add('done', text);
    setTimeout(() => this.close(id), DONE_MS);
  }

  failed(thrown: unknown): void {
    this.#add('failed', Failure.from(thrown).message);
  }

  close(id: number): void {
    this.#items = this.#items.filter((toast) => toast.id !== id);
  }

  #add(kind: Toast['kind'], text: string): number {
    this.#items.push({ id: ++this.#last, kind, text });
    return this.#last;
  }
}

export const toasts = new Toasts();
