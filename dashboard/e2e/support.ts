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
