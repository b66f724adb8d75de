import createClient from 'openapi-fetch';
import type { components, paths } from '$schema';

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

  /** What is wrong with one field of what was sent, if the problem says so. */
  of(field: string): string | undefined {
    return this.problem?.errors?.find((error) => error.pointer === `/${field}`)?.message;
  }

  static from(thrown: unknown): Failure {
    if (thrown instanceof Failure) return thrown;
    if (thrown instanceof TypeError) return new Failure(0, 'PiCloud did not answer. Is the network there, and the server running?');
    return new Failure(0, String(thrown));
  }
}

/** One typed client for the whole API; paths and bodies are those of `openapi.json`. */
export const api = createClient<paths>({ baseUrl: '', credentials: 'same-origin' });

/** Called when an answer says that nobody is logged in any more. */
let onLoggedOut = () => {};
export function whenLoggedOut(then: () => void) {
  onLoggedOut = then;
}

type Answered<T> = { data?: T; error?: unknown; response: Response };

/** The body of an answer, or a `Failure`. */
export async function ask<T>(asked: Promise<Answered<T>>): Promise<T> {
  const { data, error, response } = await asked.catch((thrown: unknown) => {
    throw Failure.from(thrown);
  });
  if (response.ok) return data as T;
  if (response.status === 401) onLoggedOut();
  throw failureOf(response.status, error);
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
