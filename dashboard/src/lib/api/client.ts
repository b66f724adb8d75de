import createClient from 'openapi-fetch';
import type { components, paths } from '$schema';
import { connection } from '$lib/state/connection.svelte';

/** What the API calls its bodies. */
export type Schemas = components['schemas'];
export type Problem = Schemas['Problem'];

/** What a request came to when it did not come to an answer: a problem of the server, or the network. */
export class Failure extends Error {
  constructor(
    /** Of HTTP; 0 if the server did not answer. */
    readonly status: number,
    message: string,
    readonly problem?: Problem,
  ) {
    super(message);
  }

  /** Whether PiCloud itself has said nothing: the network, or a proxy that does not reach it. */
  get isUnanswered(): boolean {
    return this.status === 0 || (this.status >= 502 && this.status <= 504 && !this.problem);
  }

  /** What is wrong with one field of what was sent, if the problem says so. */
  of(field: string): string | undefined {
    return this.problem?.errors?.find((error) => error.pointer === `/${field}`)?.message;
  }

  static from(thrown: unknown): Failure {
    if (thrown instanceof Failure) return thrown;
    if (thrown instanceof TypeError) return new Failure(0, UNANSWERED);
    return new Failure(0, String(thrown));
  }
}

export const UNANSWERED = 'PiCloud did not answer. Is the network there, and the server running?';

/** One typed client for the whole API; paths and bodies are those of `openapi.json`. */
export const api = createClient<paths>({ baseUrl: '', credentials: 'same-origin' });

/** Called when an answer says that nobody is logged in any more. */
let onLoggedOut = () => {};
export function whenLoggedOut(then: () => void) {
  onLoggedOut = then;
}

/** Called when something is not there (any more): perhaps it is the whole app. */
let onMissing = () => {};
export function whenMissing(then: () => void): () => void {
  onMissing = then;
  return () => (onMissing = () => {});
}

type Answered<T> = { data?: T; error?: unknown; response: Response };

/** The body of an answer, or a `Failure`. */
export async function ask<T>(asked: Promise<Answered<T>>): Promise<T> {
  const { data, error, response } = await asked.catch((thrown: unknown) => {
    const failure = Failure.from(thrown);
    if (failure.isUnanswered) connection.lost();
    throw failure;
  });
  const failure = response.ok ? undefined : failureOf(response.status, error);
  if (failure?.isUnanswered) connection.lost();
  else connection.answered();
  if (response.status === 401) onLoggedOut();
  if (response.status === 404) onMissing();
  if (failure) throw failure;
  return data as T;
}

/** The same, where that there is none is an answer too. */
export async function askIfAny<T>(asked: Promise<Answered<T>>): Promise<T | null> {
  const { response } = await asked.catch(() => ({ response: undefined }));
  return response?.status === 404 ? null : ask(asked);
}

/** The body of an answer with its tag. A change sends the tag back, so that nobody's change is overwritten unseen. */
export type Tagged<T> = { value: T; tag: string | null };
export async function askTagged<T>(asked: Promise<Answered<T>>): Promise<Tagged<T>> {
  const value = await ask(asked);
  return { value, tag: (await asked).response.headers.get('etag') };
}

export function ifMatch(tag: string | null): { 'If-Match'?: string } {
  return tag ? { 'If-Match': tag } : {};
}

function failureOf(status: number, error: unknown): Failure {
  const problem = isProblem(error) ? error : undefined;
  return new Failure(status, problem ? sentence(problem) : `The server answered ${status}.`, problem);
}

function isProblem(error: unknown): error is Problem {
  return typeof error === 'object' && error !== null && 'title' in error && 'status' in error;
}

function sentence({ title, detail }: Problem): string {
  return detail || title;
}
