import { expect, test } from '@playwright/test';
import { agree, call, logIn, makeApp, visit } from './support';

test('a key is made, changed and removed, and the script sees each step', async ({ page, request }) => {
  await logIn(page);
  await makeApp(page.request, 'store', 'kv::get("greeting") ?? "nothing"');
  const seen = async () => (await visit(request, 'store.localhost', '/')).text();
  await page.goto('/apps/store');
  await page.getByRole('link', { name: 'Keys and values' }).click();
  await page.getByRole('button', { name: 'Make the first key' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Key').fill('greeting');
  await dialog.getByLabel('Value').fill('hello');
  await expect(dialog.getByText(/This is no JSON/)).toBeVisible();
  await dialog.getByLabel('Value').fill('"hello"');
  await dialog.getByRole('button', { name: 'Make the key' }).click();
  await expect(dialog).toHaveCount(0);
  await expect(page.getByRole('row', { name: /greeting "hello"/ })).toBeVisible();
  expect(await seen()).toBe('hello');

  await page.getByRole('button', { name: 'Change greeting' }).click();
  await expect(dialog.getByLabel('Value')).toHaveValue('"hello"');
  await dialog.getByLabel('Value').fill('9007199254740993');
  await dialog.getByLabel('Seconds until it goes').fill('3600');
  await dialog.getByRole('button', { name: 'Save the value' }).click();
  await expect(page.getByRole('row', { name: /greeting 9007199254740993 .* in 1 hour/ })).toBeVisible();
  expect(await seen()).toBe('9007199254740993');

  // What somebody else wrote meanwhile is not overwritten unseen.
  await page.getByRole('button', { name: 'Change greeting' }).click();
  await expect(dialog.getByLabel('Value')).toHaveValue('9007199254740993');
  await call(page.request, 'PUT', 'kv/greeting?app=store', { value: 'theirs' });
  await dialog.getByLabel('Value').fill('"mine"');
  await dialog.getByRole('button', { name: 'Save the value' }).click();
  await dialog.getByRole('button', { name: 'See what is there now' }).click();
  await expect(dialog.getByLabel('Value')).toHaveValue('"theirs"');
  await dialog.getByRole('button', { name: 'Close' }).click();

  agree(page, 'greeting');
  await page.getByRole('button', { name: 'Remove greeting' }).click();
  await expect(page.getByText('Nothing is kept yet')).toBeVisible();
  expect(await seen()).toBe('nothing');
});

test('a secret is set and set anew, read by the script, and never shown', async ({ page, request }) => {
  await logIn(page);
  await makeApp(page.request, 'vault', 'let value = secrets::get("TOKEN"); `${value.len()} letters`');
  const seen = async () => (await visit(request, 'vault.localhost', '/')).text();
  const answers: Promise<string>[] = [];
  page.on('response', (response) => response.url().includes('/api/') && answers.push(response.text().catch(() => '')));
  await page.goto('/apps/vault/secrets');
  await page.getByRole('button', { name: 'Set the first one' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name').fill('TOKEN');
  await dialog.getByLabel('Value').fill('correct horse');
  await dialog.getByRole('button', { name: 'Set the secret' }).click();
  await expect(page.getByRole('row', { name: /TOKEN 1/ })).toBeVisible();
  expect(await seen()).toBe('13 letters');

  await page.getByRole('button', { name: /^Set anew.*TOKEN/ }).click();
  await expect(dialog.getByLabel('Value')).toHaveValue('');
  await dialog.getByLabel('Value').fill('battery staple');
  await dialog.getByRole('button', { name: 'Set the secret' }).click();
  await expect(page.getByRole('row', { name: /TOKEN 2/ })).toBeVisible();
  expect(await seen()).toBe('14 letters');
  await page.reload();
  await expect(page.getByRole('row', { name: /TOKEN 2/ })).toBeVisible();
  for (const text of [await page.content(), ...(await Promise.all(answers))]) expect(text).not.toMatch(/correct horse|battery staple/);

  agree(page, 'TOKEN');
  await page.getByRole('button', { name: 'Remove TOKEN' }).click();
  await expect(page.getByText('Tokens and passwords of other services')).toBeVisible();
  expect((await visit(request, 'vault.localhost', '/')).status()).toBe(502);
});
