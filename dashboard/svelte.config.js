import adapter from '@sveltejs/adapter-static';

/** A single page, made of files: the binary serves them, and every path that is no file is the page. */
export default {
  kit: {
    adapter: adapter({ pages: '../target/dashboard/build', assets: '../target/dashboard/build', fallback: 'index.html', precompress: true }),
    // Made of `openapi.json` before everything else (`npm run types`).
    alias: { $schema: '../target/dashboard/schema.d.ts' },
    // The server says the rest, which a page can't say of itself (who may frame it).
    csp: {
      mode: 'hash',
      directives: {
        'default-src': ['none'],
        'script-src': ['self'],
        // The one inline style is that of SvelteKit's announcer of pages, which screen readers need: this text and no other.
        'style-src': ['self', 'unsafe-hashes', 'sha256-S8qMpvofolR8Mpjy4kQvEm7m1q8clzU4dfDH0AmvZjo='],
        'img-src': ['self', 'data:'],
        'font-src': ['self'],
        'connect-src': ['self'],
        'base-uri': ['none'],
        'form-action': ['none'],
      },
    },
    // A new version of the binary brings new files: a page that was loaded before asks for the page again instead of a file that is gone.
    version: { pollInterval: 60_000 },
  },
};
