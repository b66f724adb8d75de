import type { HandleClientError } from '@sveltejs/kit';
import { Failure, UNANSWERED } from '$lib/api/client';
import { connection } from '$lib/state/connection.svelte';

/** A page whose files don't come is not a page that is wrong. */
export const handleError: HandleClientError = ({ error, status }) => {
  if (status === 404) return { message: 'The address leads to nothing of PiCloud.' };
  if (error instanceof Error && /dynamically imported module|module script|preload CSS|fetch/i.test(error.message)) {
    void connection.look();
    return { message: UNANSWERED };
  }
  console.error(error);
  return { message: Failure.from(error).message };
};
