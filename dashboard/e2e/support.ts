import AxeBuilder from '@axe-core/playwright';
import { expect, type APIRequestContext, type Page } from '@playwright/test';

export const url = process.env.PICLOUD_URL ?? 'http://localhost:8080';
const username = process.env.PICLOUD_USERNAME ?? 'owner';
const password = process.env.PICLOUD_PASSWORD ?? '';

/** Logs in by the page, as people do. */
export async function logIn(page: Page, to = '/') {
  await page.goto(`/login?next=${encodeURIComponent(to)}`);
  await page.getByLabel('User name').fill(username);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Log in' }).click();
  await expect(page.getByRole('button', { name: 'Log out' })).toBeVisible();
}

/** What a visitor of an app gets: by the Host header, since not every resolver knows `*.localhost`. */
export async function visit(request: APIRequestContext, host: string, path: string, method = 'GET') {
  return request.fetch(`${url.replace('localhost', '127.0.0.1')}${path}`, { method, headers: { host } });
}

/** Puts a text in place of what the editor has. */
export async function write(page: Page, source: string) {
  const editor = page.getByRole('textbox', { name: /^Source of/ });
  await editor.click();
  await page.keyboard.press('ControlOrMeta+a');
  await page.keyboard.insertText(source);
}

/** The same for a long one, as people do it. */
export async function paste(page: Page, source: string) {
  await page.evaluate((text) => navigator.clipboard.writeText(text), source);
  await page.getByRole('textbox', { name: /^Source of/ }).click();
  await page.keyboard.press('ControlOrMeta+a');
  await page.keyboard.press('ControlOrMeta+v');
}

/** A call of the admin API by whoever is logged in there, and its answer. */
export async function call(api: APIRequestContext, method: string, path: string, data?: object): Promise<any> {
  const answer = await api.fetch(`/api/v1/admin/${path}`, { method, ...(data ? { data } : {}), headers: { origin: url } });
  const text = await answer.text();
  expect(answer.ok(), `${method} ${path}: ${answer.status()} ${text}`).toBeTruthy();
  return text ? JSON.parse(text) : null;
}

/** Another app with one script at `/`; returns the script's id. */
export async function makeApp(api: APIRequestContext, slug: string, source = '"hello"'): Promise<string> {
  await call(api, 'POST', 'apps', { slug, name: `The ${slug}` });
  const script = await call(api, 'POST', 'scripts', { app: slug, name: 'hello', source });
  await call(api, 'POST', 'routes', { app: slug, script: script.id, path: '/' });
  return script.id;
}

/** Another client of the same person: a phone, or a program. */
export async function elsewhere(request: APIRequestContext): Promise<APIRequestContext> {
  await call(request, 'POST', 'session', { username, password });
  return request;
}

/** Says yes to the next question, which has to be about this. */
export function agree(page: Page, about: string) {
  page.once('dialog', (dialog) => {
    expect(dialog.message()).toContain(about);
    void dialog.accept();
  });
}

/** What axe finds on the page as it is. */
export async function barriers(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  return violations.filter(isReal).map((found) => `${found.id}: ${found.nodes.map((node) => node.html.slice(0, 160)).join(' | ')}`);
}

/** The editor's lines scroll, and its text has the focus: it is `contenteditable` in a shadow root, which axe does not count. */
function isReal({ id, nodes }: { id: string; nodes: { html: string }[] }): boolean {
  return id !== 'scrollable-region-focusable' || nodes.some((node) => !node.html.includes('cm-scroller'));
}
