/** JSON as people read and write it. */

/** Newer than the types that the compiler knows: the text of a number, and a way to keep it. */
type WithRaw = typeof JSON & { rawJSON?: (text: string) => unknown };
type Reviver = (key: string, value: unknown) => unknown;

/** Scripts have integers of 64 bits, and tell 1.0 from 1. A number that JavaScript would write in another way stays as it was written, so that looking at a value does not change it. */
function keep(_key: string, value: unknown, context?: { source?: string }): unknown {
  const source = context?.source;
  const rawJSON = (JSON as WithRaw).rawJSON;
  return typeof value === 'number' && source && rawJSON && source !== String(value) ? rawJSON(source) : value;
}

/** What a text says, to be sent or shown as it is. Not to be computed with: its numbers may be texts. */
export function exactly(text: string): unknown {
  return JSON.parse(text, keep as Reviver);
}

export function pretty(value: unknown): string {
  return JSON.stringify(value, null, 2) ?? '';
}

/** The beginning of a value, on one line. */
export function brief(value: unknown, length = 120): string {
  const text = JSON.stringify(value) ?? '';
  return text.length > length ? `${text.slice(0, length)}…` : text;
}

/** Why a text is no JSON; nothing if it is. */
export function whyNot(text: string): string | undefined {
  try {
    JSON.parse(text);
    return undefined;
  } catch (thrown) {
    return `This is no JSON: ${thrown instanceof Error ? thrown.message : String(thrown)}`;
  }
}
