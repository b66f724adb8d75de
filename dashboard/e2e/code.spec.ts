import { expect, test } from '@playwright/test';
import { agree, call, logIn, makeApp, visit } from './support';

test('a deployment shows what it changes, is rolled back, activated, and tried with a share of the visitors', async ({ page, request }) => {
  await logIn(page);
  const script = await makeApp(page.request, 'press', '"first edition"');
  await call(page.request, 'PATCH', `scripts/${script}`, { source: '"second edition"' });
  const seen = async () => (await visit(request, 'press.localhost', '/')).text();
  await page.goto('/apps/press/deployments');
  const active = page.getByRole('row').filter({ has: page.getByText('active', { exact: true }) });
  await expect(active.getByRole('link')).toHaveText('3');
  await active.getByRole('link').click();
  await expect(page.getByRole('heading', { name: 'Deployment 3' })).toBeVisible();
  await expect(page.getByText('Against deployment 2.')).toBeVisible();
  await expect(page.getByLabel('Changes of the source')).toContainText('-"first edition"');
  await expect(page.getByLabel('Changes of the source')).toContainText('+"second edition"');
  await page.getByRole('link', { name: '← Deployments' }).click();

  agree(page, 'before');
  await page.getByRole('button', { name: 'Roll back' }).click();
  await expect(page.getByText('Deployment 2 is active again')).toBeVisible();
  await expect(active.getByRole('link')).toHaveText('2');
  await expect.poll(seen).toBe('first edition');
  agree(page, 'deployment 3');
  await page.getByRole('button', { name: 'Activate 3' }).click();
  await expect(active.getByRole('link')).toHaveText('3');
  await expect.poll(seen).toBe('second edition');

  await page.getByText('Try a deployment with a share').click();
  await page.getByLabel('Deployment').selectOption('2');
  await page.getByLabel('Percent of visitors').fill('99');
  await page.getByRole('button', { name: 'Start', exact: true }).click();
  await expect(page.getByText(/Deployment 2 gets 99 % of the visitors/)).toBeVisible();
  await expect.poll(seen).toBe('first edition');
  await page.getByRole('button', { name: 'Stop it' }).click();
  await expect(page.getByText(/The last one ended/)).toBeVisible();
  await expect.poll(seen).toBe('second edition');
});

test('a domain is claimed, answers, and is given up', async ({ page, request }) => {
  await logIn(page);
  await makeApp(page.request, 'house');
  const seen = async () => (await visit(request, 'house.example.com', '/')).status();
  await page.goto('/apps/house/domains');
  expect(await seen()).toBe(421);
  await page.getByRole('button', { name: 'Claim a domain' }).first().click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Host').fill('not a host');
  await dialog.getByRole('button', { name: 'Claim it' }).click();
  await expect(dialog.getByLabel('Host')).toHaveAttribute('aria-invalid', 'true');
  await dialog.getByLabel('Host').fill('house.example.com');
  await dialog.getByRole('button', { name: 'Claim it' }).click();
  const item = page.getByRole('listitem').filter({ hasText: 'house.example.com' });
  await expect(item.getByText('verified', { exact: true })).toBeVisible();
  await expect.poll(seen).toBe(200);
  agree(page, 'house.example.com');
  await item.getByRole('button', { name: 'Give up house.example.com' }).click();
  await expect(item).toHaveCount(0);
  await expect.poll(seen).toBe(421);
});
