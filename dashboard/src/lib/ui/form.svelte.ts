import { Failure } from '$lib/api/client';

/** A form that is sent: not twice at once, and with what the server says of it. */
export class Sending {
  #isSending = $state(false);
  #failure = $state.raw<Failure>();

  get isSending() {
    return this.#isSending;
  }
  get failure() {
    return this.#failure;
  }

  /** What is wrong with one field. */
  wrong(field: string): string | undefined {
    return this.#failure?.of(field);
  }

  /** What is wrong as a whole: said of no field that the form shows. */
  general(...fields: string[]): string | undefined {
    if (!this.#failure) return undefined;
    return fields.some((field) => this.#failure?.of(field)) ? undefined : this.#failure.message;
  }

  clear(): void {
    this.#failure = undefined;
  }

  /** Returns whether it went well. */
  async send(action: () => Promise<void>): Promise<boolean> {
    if (this.#isSending) return false;
    this.#isSending = true;
    this.#failure = undefined;
    try {
      await action();
      return true;
    } catch (thrown) {
      this.#failure = Failure.from(thrown);
      return false;
    } finally {
      this.#isSending = false;
    }
  }
}
