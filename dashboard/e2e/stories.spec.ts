import { expect, test } from '@playwright/test';
import { logIn, visit, write } from './support';

test('an app, a domain, a script and a route, all by clicks, and the script answers at its public address', async ({ page, request }) => {
  await logIn(page);
  await page.getByRole('button', { name: /New app|Make the first one/ }).first().click();
  await page.getByLabel('Slug').fill('shop');
  await page.getByLabel('Name').fill('The shop');
  await page.getByRole('button', { name: 'Make the app' }).click();
  await expect(page.getByRole('heading', { name: 'The shop' })).toBeVisible();

  await page.getByRole('link', { name: 'Domains' }).click();
  await page.getByRole('button', { name: 'Claim a domain' }).first().click();
  await page.getByLabel('Host').fill('shop.example.com');
  await page.getByRole('button', { name: 'Claim it' }).click();
  await expect(page.getByText('verified')).toBeVisible();

  await page.getByRole('link', { name: 'Scripts' }).click();
  await page.getByRole('button', { name: /New script|Write the first one/ }).first().click();
  await page.getByLabel('Name').fill('hello');
  await page.getByRole('button', { name: 'Make the script' }).click();
  await write(page, '`hello ${ctx.request.query.name}`');
  await page.getByRole('button', { name: 'Deploy' }).click();
  await expect(page.getByText(/Deployed hello/)).toBeVisible();

  await page.getByRole('link', { name: 'Routes' }).click();
  await page.getByRole('button', { name: /New route|Make the first one/ }).first().click();
  await page.getByRole('dialog').getByLabel('Path').fill('/hello');
  await page.getByRole('button', { name: 'Make the route' }).click();
  await expect(page.getByRole('cell', { name: '/hello', exact: true })).toBeVisible();

  for (const host of ['shop.localhost', 'shop.example.com']) {
    const answer = await visit(request, host, '/hello?name=Ada');
    expect([answer.status(), await answer.text()]).toEqual([200, 'hello Ada']);
  }
});

test('a key made by clicks does what its scope says, no more, and nothing once it is revoked', async ({ page, request }) => {
  await logIn(page, '/keys');
  await page.getByRole('button', { name: /New key|Make the first one/ }).first().click();
  await page.getByLabel('Name').fill('reader');
  for (const scope of ['script:write', 'route:write']) await page.getByRole('checkbox', { name: scope }).uncheck();
  await page.getByRole('button', { name: 'Make the key' }).click();
  const key = await page.getByTestId('key').innerText();
  expect(key).toMatch(/^pic_/);
  await page.getByRole('button', { name: 'I have it' }).click();
  await expect(page.getByText(key)).toHaveCount(0);

  const headers = { authorization: `Bearer ${key}` };
  const read = () => request.get('/api/v1/admin/scripts?app=hello', { headers });
  expect((await read()).status()).toBe(200);
  const write = await request.post('/api/v1/admin/scripts', { headers, data: { app: 'hello', name: 'no', source: '1' } });
  expect([write.status(), (await write.json()).missing_scope]).toEqual([403, 'script:write']);

  page.once('dialog', (dialog) => dialog.accept());
  await page.getByRole('button', { name: 'Revoke reader' }).click();
  await expect(page.getByText('revoked', { exact: true })).toBeVisible();
  expect((await read()).status()).toBe(401);
});
