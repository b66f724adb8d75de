import { expect, test } from '@playwright/test';
import { agree, call, logIn, makeApp, visit } from './support';

test('a schedule is made with its next runs in sight, paused, resumed, started by hand and removed', async ({ page }) => {
  await logIn(page);
  await makeApp(page.request, 'clock', 'log::info(ctx.invocation_type)');
  await page.goto('/apps/clock/schedules');
  await page.getByRole('button', { name: 'Make the first one' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name').fill('nightly');
  await dialog.getByLabel('Cron').fill('61 3 * * *');
  await expect(dialog.getByLabel('Cron')).toHaveAttribute('aria-invalid', 'true');
  await dialog.getByLabel('Cron').fill('30 3 * * *');
  await dialog.getByLabel('Time zone').fill('Asia/Kolkata');
  // Half past three there is ten at night in UTC, which is the time of this browser.
  await expect(dialog.getByRole('status')).toContainText(/22:00:00 · .*22:00:00 · .*22:00:00/);
  await dialog.getByRole('button', { name: 'Make the schedule' }).click();

  const item = page.getByRole('listitem').filter({ has: page.getByRole('heading', { name: 'nightly' }) });
  await expect(item).toContainText('30 3 * * * in Asia/Kolkata');
  await expect(item).toContainText('22:00:00 · ');
  await item.getByRole('button', { name: 'Pause nightly' }).click();
  await expect(item.getByText('paused', { exact: true })).toBeVisible();
  await expect(item).toContainText('nothing while it is paused');
  await item.getByRole('button', { name: 'Resume nightly' }).click();
  await expect(item).toContainText('22:00:00 · ');

  await item.getByRole('button', { name: /^Run now.*nightly/ }).click();
  await expect(page.getByText('nightly runs now.')).toBeVisible();
  await item.getByText('Last runs').click();
  await expect(item.getByRole('cell', { name: 'started by hand' })).toBeVisible();
  await page.getByRole('link', { name: 'Logs', exact: true }).click();
  await expect(page.getByText('schedule', { exact: true })).toBeVisible();

  await page.getByRole('link', { name: 'Schedules' }).click();
  await page.getByRole('button', { name: 'Change nightly' }).click();
  await dialog.getByLabel('Cron').fill('@hourly');
  await dialog.getByRole('button', { name: 'Change the schedule' }).click();
  await expect(item).toContainText('@hourly');
  agree(page, 'nightly');
  await item.getByRole('button', { name: 'Remove nightly' }).click();
  await expect(page.getByText('A schedule starts a script')).toBeVisible();
});

/** Visitors write a key; for what it is started then, the script logs it. */
const SOURCE = `if ctx.invocation_type == "trigger" { log::info(\`saw \${ctx.event.key}\`); return; }
if "key" in ctx.request.query { kv::set(ctx.request.query.key, 1); }
ctx.deployment.to_string()`;

test('a trigger starts its script for what it is there for, and not while it is paused', async ({ page, request }) => {
  await logIn(page);
  await makeApp(page.request, 'react', SOURCE);
  /** Until visitors, and so jobs, get what is active now. */
  const isLive = async () => {
    const { deployment } = await call(page.request, 'GET', 'apps/react');
    await expect.poll(async () => (await visit(request, 'react.localhost', '/')).text()).toBe(`${deployment}`);
  };
  await page.goto('/apps/react/triggers');
  await page.getByRole('button', { name: 'Make the first one' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name').fill('on-order');
  await dialog.getByLabel('When').selectOption('A key is written or removed');
  await dialog.getByLabel('Below this prefix').fill('order/');
  await dialog.getByRole('button', { name: 'Make the trigger' }).click();
  await expect(page.getByRole('row', { name: /on-order .*order\/.* hello/ })).toBeVisible();

  const write = (key: string) => visit(request, 'react.localhost', `/?key=${encodeURIComponent(key)}`);
  await isLive();
  await write('other/1');
  await write('order/1');
  await page.getByRole('link', { name: 'Logs', exact: true }).click();
  await expect(page.getByText('saw order/1')).toBeVisible();
  await page.getByRole('link', { name: 'Triggers' }).click();
  await page.getByRole('button', { name: 'Pause on-order' }).click();
  await expect(page.getByRole('cell', { name: 'on-order paused' })).toBeVisible();
  await write('order/2');
  await page.getByRole('button', { name: 'Resume on-order' }).click();
  await expect(page.getByRole('button', { name: 'Pause on-order' })).toBeVisible();
  await isLive();
  await write('order/3');
  await page.getByRole('link', { name: 'Logs', exact: true }).click();
  await expect(page.getByText('saw order/3')).toBeVisible();
  await expect(page.getByText(/saw (other|order\/2)/)).toHaveCount(0);

  await page.getByRole('link', { name: 'Triggers' }).click();
  agree(page, 'on-order');
  await page.getByRole('button', { name: 'Remove on-order' }).click();
  await expect(page.getByText('A trigger starts a script')).toBeVisible();
});

test('a job that fails for good becomes a dead letter, which is looked at and replayed', async ({ page }) => {
  await logIn(page);
  const script = await makeApp(page.request, 'post', 'throw "no stamps"');
  await page.goto('/apps/post/queue');
  await page.getByRole('button', { name: 'New job' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Script').fill('hello');
  await dialog.getByLabel('Payload').fill('{"letter": 12}');
  await dialog.getByLabel('Attempts').fill('1');
  await dialog.getByRole('button', { name: 'Make the job' }).click();
  await expect(dialog).toHaveCount(0);
  await page.getByRole('link', { name: 'Dead letters' }).click();
  await expect(async () => {
    await page.getByRole('button', { name: 'Look again' }).click();
    await expect(page.getByRole('row', { name: /hello dead .*1 of 1 .*no stamps/ })).toBeVisible({ timeout: 1_000 });
  }).toPass();

  await page.getByRole('button', { name: /^Look at hello/ }).click();
  await expect(dialog.getByLabel('Payload')).toContainText('"letter": 12');
  await dialog.getByRole('link', { name: 'Its execution' }).click();
  await expect(page.getByRole('link', { name: '← Executions' })).toBeVisible();
  // Its row may be written up to a second after the job has failed: the page waits for it.
  await expect(page.getByText('throw "no stamps"')).toBeVisible();

  await call(page.request, 'PATCH', `scripts/${script}`, { source: 'log::info(`sent ${ctx.event.payload.letter}`)' });
  await page.getByRole('link', { name: 'Queue' }).click();
  await page.getByRole('link', { name: 'Dead letters' }).click();
  await page.getByRole('button', { name: /^Replay hello/ }).click();
  await expect(page.getByText('No job has failed for good')).toBeVisible();
  await page.getByRole('link', { name: 'Logs', exact: true }).click();
  await expect(page.getByText('sent 12')).toBeVisible();
});
