import { sveltekit } from '@sveltejs/kit/vite';
import { defineConfig } from 'vite';

/** Where `picloud serve` listens: `npm run dev` shows the pages from here and everything else from there. */
const server = process.env.PICLOUD_URL ?? 'http://localhost:8080';
const paths = ['/api', '/openapi.json', '/healthz', '/readyz', '/version'];

export default defineConfig({
  plugins: [sveltekit()],
  build: { target: 'es2022', cssCodeSplit: true },
  server: { proxy: Object.fromEntries(paths.map((path) => [path, { target: server, changeOrigin: true, headers: { origin: server } }])) },
});
