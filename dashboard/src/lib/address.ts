import { goto } from '$app/navigation';
import { page } from '$app/state';

/** Filters live in the address, so that a filtered list survives a refresh, and can be kept and sent. Empty ones are left out. */
export function filterBy(values: Record<string, string>, { replaceState = true } = {}): void {
  const to = new URL(page.url);
  for (const [name, value] of Object.entries(values)) {
    if (value) to.searchParams.set(name, value);
    else to.searchParams.delete(name);
  }
  if (to.href !== page.url.href) void goto(to, { replaceState, keepFocus: true, noScroll: true });
}

export function filtered(name: string): string {
  return page.url.searchParams.get(name) ?? '';
}

/** Those of these filters that are set: a part of a query. */
export function chosen<N extends string>(names: readonly N[]): Partial<Record<N, string>> {
  return Object.fromEntries(names.map((name) => [name, filtered(name)]).filter(([, value]) => value)) as Partial<Record<N, string>>;
}
