import { error } from '@sveltejs/kit';
import { api, ask, Failure } from '$lib/api/client';

/** The app that all pages below are about. */
export async function load({ params, depends }) {
  depends('picloud:app');
  try {
    return { app: await ask(api.GET('/api/v1/admin/apps/{app}', { params: { path: { app: params.app } } })) };
  } catch (thrown) {
    const failure = Failure.from(thrown);
    error(failure.status === 404 ? 404 : failure.status || 504, failure.status === 404 ? `There is no app ${params.app}, or none that you may see.` : failure.message);
  }
}
