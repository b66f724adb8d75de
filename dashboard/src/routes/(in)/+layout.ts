import { error, redirect } from '@sveltejs/kit';
import { Failure } from '$lib/api/client';
import { session } from '$lib/state/session.svelte';

/** Everything below is for who is logged in. */
export async function load({ url }) {
  if (!session.isKnown) {
    try {
      await session.ask();
    } catch (thrown) {
      error(504, Failure.from(thrown).message);
    }
  }
  if (!session.admin) redirect(307, `/login?next=${encodeURIComponent(url.pathname + url.search)}`);
}
