import { api, ask, Failure, type Schemas } from '$lib/api/client';

/** Who is logged in, as the server last said it. The cookie itself is never seen here. */
class Session {
  #admin = $state<Schemas['Oneself'] | null>(null);
  #isKnown = $state(false);

  get admin() {
    return this.#admin;
  }
  /** Whether it was asked already. */
  get isKnown() {
    return this.#isKnown;
  }
  get rulesInstance() {
    return this.#admin?.role === 'owner' || this.#admin?.role === 'admin';
  }

  /** Asks who is logged in. Nobody is no failure. */
  async ask(): Promise<void> {
    try {
      const { admin } = await ask(api.GET('/api/v1/admin/session'));
      this.#admin = admin;
    } catch (thrown) {
      const failure = Failure.from(thrown);
      if (failure.status !== 401) throw failure;
      this.#admin = null;
    }
    this.#isKnown = true;
  }

  async logIn(username: string, password: string): Promise<void> {
    const { admin } = await ask(api.POST('/api/v1/admin/session', { body: { username, password } }));
    this.#admin = admin;
    this.#isKnown = true;
  }

  async logOut(): Promise<void> {
    await ask(api.DELETE('/api/v1/admin/session'));
    this.forget();
  }

  forget(): void {
    this.#admin = null;
  }
}

export const session = new Session();
