import { expect, test } from '@playwright/test';
import { agree, call, logIn, makeApp, url, visit } from './support';

test('a member is added, gets another role, and is removed; an invited one chooses his own name', async ({ page, request, browser }) => {
  await logIn(page);
  await makeApp(page.request, 'club');
  const { password } = await call(page.request, 'POST', 'admins', { username: 'ada', role: 'member' });
  await call(request, 'POST', 'session', { username: 'ada', password });
  const may = async (method: string, path: string, data?: object) =>
    (await request.fetch(`/api/v1/admin/${path}`, { method, headers: { origin: url }, ...(data ? { data } : {}) })).status();
  expect(await may('GET', 'apps/club')).toBe(404);

  await page.goto('/apps/club/members');
  // Who has made the app is there already.
  await expect(page.getByRole('rowheader', { name: 'owner' })).toBeVisible();
  await page.getByRole('button', { name: 'Add a member' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('User name').fill('nobody');
  await dialog.getByRole('button', { name: 'Add the member' }).click();
  await expect(dialog.getByRole('alert')).toBeVisible();
  await dialog.getByLabel('User name').fill('ada');
  await dialog.getByLabel('Role').selectOption('viewer');
  await dialog.getByRole('button', { name: 'Add the member' }).click();
  await expect(page.getByRole('rowheader', { name: 'ada' })).toBeVisible();
  expect(await may('GET', 'apps/club')).toBe(200);
  expect(await may('PUT', 'kv/key?app=club', { value: 1 })).toBe(403);
  await page.getByLabel('Role of ada').selectOption('editor');
  await expect(page.getByText('ada is editor now')).toBeVisible();
  expect(await may('PUT', 'kv/key?app=club', { value: 1 })).toBeLessThan(300);
  agree(page, 'ada');
  await page.getByRole('button', { name: 'Remove ada' }).click();
  await expect(page.getByRole('rowheader', { name: 'ada' })).toHaveCount(0);
  expect(await may('GET', 'apps/club')).toBe(404);

  await page.getByRole('button', { name: 'Invite somebody' }).click();
  await dialog.getByLabel('For whom').fill('Grace of the harbour');
  await dialog.getByRole('button', { name: 'Make the invitation' }).click();
  const link = await dialog.getByTestId('link').innerText();
  await dialog.getByRole('button', { name: 'I have it' }).click();
  await expect(page.getByRole('row', { name: /Grace of the harbour .*pending/ })).toBeVisible();

  const theirs = await (await browser.newContext()).newPage();
  await theirs.goto(`/invited${new URL(link).hash}`);
  await theirs.getByLabel('User name').fill('grace');
  await theirs.getByLabel('Password').fill('a password of her own');
  await theirs.getByRole('button', { name: 'Accept the invitation' }).click();
  await theirs.getByRole('link', { name: 'Log in' }).click();
  await theirs.getByLabel('User name').fill('grace');
  await theirs.getByLabel('Password').fill('a password of her own');
  await theirs.getByRole('button', { name: 'Log in' }).click();
  await theirs.getByRole('link', { name: 'The club' }).click();
  await expect(theirs.getByRole('heading', { name: 'The club' })).toBeVisible();
  await page.reload();
  await expect(page.getByRole('rowheader', { name: 'grace', exact: true })).toBeVisible();
  await expect(page.getByRole('row', { name: /Grace of the harbour .*accepted/ })).toBeVisible();
});

test('a limit is changed, felt by the next execution, and brought back', async ({ page, request }) => {
  await logIn(page);
  await makeApp(page.request, 'lean', 'let sum = 0; for n in 0..1000 { sum += n; } `${sum}`');
  const seen = async () => (await visit(request, 'lean.localhost', '/')).status();
  expect(await seen()).toBe(200);
  await page.goto('/apps/lean/limits');
  await page.getByRole('button', { name: 'Change fuel' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('In instructions').fill('1000');
  await dialog.getByRole('button', { name: 'Change the limit' }).click();
  await expect(page.getByText('Changed fuel')).toBeVisible();
  await expect(page.getByRole('row', { name: /^fuel / })).toContainText('not the default');
  await expect.poll(seen).toBe(507);
  await page.getByRole('button', { name: 'Change fuel' }).click();
  await dialog.getByRole('button', { name: 'Back to the default' }).click();
  await expect(page.getByRole('row', { name: /^fuel / })).not.toContainText('not the default');
  await expect.poll(seen).toBe(200);
});
