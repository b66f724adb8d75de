/** One page for all: the server has nothing to say before the API is asked. */
export const ssr = false;
export const prerender = false;
export const trailingSlash = 'never';
