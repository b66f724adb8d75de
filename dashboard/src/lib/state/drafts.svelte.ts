import { session } from './session.svelte';

/** What somebody typed into the editor of a script and has not deployed. */
export type Draft = {
  source: string;
  /** The tag of the script that it was made of: whether that changed meanwhile is the server's to say. */
  tag: string | null;
};
type Kept = Draft & { admin: string };

const PREFIX = 'picloud.draft.';
/** Keeping a long text with each key would be felt. */
const KEEP_MS = 400;

/** Drafts outlive what takes the page away: the end of a session, a refresh, a crash. They stay in this tab, and only whoever typed them gets them back. */
class Drafts {
  /** Whether something on this page would be lost. */
  isUnsaved = $state(false);

  /** The last one that is not kept yet. */
  #next: { script: string; draft: Draft } | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Soon; `flush` keeps it at once. */
  keep(script: string, draft: Draft): void {
    this.isUnsaved = true;
    this.#next = { script, draft };
    this.#timer ??= setTimeout(() => this.flush(), KEEP_MS);
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const [next, admin] = [this.#next, session.admin?.id];
    this.#next = undefined;
    if (!next || !admin) return;
    try {
      sessionStorage.setItem(PREFIX + next.script, JSON.stringify({ ...next.draft, admin } satisfies Kept));
    } catch {
      // There is no room: leaving the page asks all the same.
    }
  }

  of(script: string): Draft | undefined {
    try {
      const text = sessionStorage.getItem(PREFIX + script);
      const kept = text ? (JSON.parse(text) as Kept) : undefined;
      return kept?.admin === session.admin?.id ? kept : undefined;
    } catch {
      return undefined;
    }
  }

  drop(script: string): void {
    this.isUnsaved = false;
    this.#next = undefined;
    sessionStorage.removeItem(PREFIX + script);
  }

  /** For who logs out: the next one at this screen may be somebody else. */
  dropAll(): void {
    for (const key of Object.keys(sessionStorage)) if (key.startsWith(PREFIX)) sessionStorage.removeItem(key);
  }
}

export const drafts = new Drafts();
