import { api, ask, type Schemas } from './client';

/** All scripts of an app, without their sources: for names in other lists. */
export async function scriptsOf(app: string): Promise<Schemas['ScriptBody'][]> {
  const all: Schemas['ScriptBody'][] = [];
  let cursor: string | null | undefined;
  do {
    const query = { app, limit: 200, ...(cursor ? { cursor } : {}) };
    const page = await ask(api.GET('/api/v1/admin/scripts', { params: { query } }));
    all.push(...page.items);
    cursor = page.next_cursor;
  } while (cursor);
  return all;
}

export function namesOf(scripts: Schemas['ScriptBody'][]): Map<string, string> {
  return new Map(scripts.map((script) => [script.id, script.name]));
}
