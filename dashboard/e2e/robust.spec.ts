import { expect, test, type Page } from '@playwright/test';
import { barriers, call, elsewhere, logIn, makeApp, paste, visit, write } from './support';

/** What goes wrong around a page while somebody works on it. The pictures are there to be looked at. */
async function shot(page: Page, name: string) {
  await page.screenshot({ path: `../target/dashboard/shots/robust-${name}.png` });
  expect(await barriers(page), name).toEqual([]);
}
const lost = (page: Page) => page.getByRole('alert').filter({ hasText: 'PiCloud does not answer' });

/** Fails if a page is loaded anew: what a page does by itself must not cost what is on it. */
async function mark(page: Page) {
  await page.evaluate(() => Object.assign(window, { isTheSame: true }));
  return async () => expect(await page.evaluate(() => 'isTheSame' in window), 'the page was loaded anew').toBe(true);
}

test('the first page comes in less than 75,000 bytes', async ({ page, browser }) => {
  await logIn(page);
  const context = await browser.newContext({ storageState: await page.context().storageState() });
  const first = await context.newPage();
  const sizes: Promise<number>[] = [];
  first.on('requestfinished', (request) => request.url().includes('/api/') || sizes.push(request.sizes().then((size) => size.responseBodySize)));
  await first.goto('/');
  await expect(first.getByRole('heading', { name: 'Apps' })).toBeVisible();
  await first.waitForLoadState('networkidle');
  const bytes = (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
  console.log(`the first page: ${bytes} bytes`);
  expect(bytes).toBeGreaterThan(10_000);
  expect(bytes).toBeLessThan(75_000);
  await context.close();
});

test('a refresh shows the same page with the same filters', async ({ page }) => {
  await logIn(page);
  const script = await makeApp(page.request, 'fresh', 'log::warn("low tide"); if ctx.request.path == "/fails" { throw "no" } 1');
  await call(page.request, 'POST', 'routes', { app: 'fresh', script, path: '/fails' });
  await call(page.request, 'PUT', 'kv/order%2F1?app=fresh', { value: 1 });
  await call(page.request, 'POST', 'topics/news?app=fresh', { message: 'hello' });
  for (const path of ['/', '/fails']) await visit(page.request, 'fresh.localhost', path);

  await page.goto('/apps/fresh');
  await page.getByRole('button', { name: 'Last week' }).click();
  await expect(page).toHaveURL(/range=week/);
  await page.reload();
  await expect(page.getByRole('button', { name: 'Last week' })).toHaveAttribute('aria-pressed', 'true');

  await page.getByRole('link', { name: 'Executions', exact: true }).click();
  await page.getByLabel('Script').selectOption('hello');
  await page.getByLabel('Outcome').selectOption('error');
  await page.getByLabel('Show new ones').check();
  await expect(page).toHaveURL(/live=yes/);
  await page.reload();
  await expect(page.getByLabel('Outcome')).toHaveValue('error');
  await expect(page.getByLabel('Script')).toHaveValue(script);
  await expect(page.getByLabel('Show new ones')).toBeChecked();
  await expect(page.getByRole('cell', { name: 'GET /fails' })).toBeVisible();
  await expect(page.getByRole('cell', { name: 'GET /', exact: true })).toHaveCount(0);

  await page.getByRole('cell').getByRole('link').first().click();
  await expect(page.getByRole('heading', { name: 'GET /fails' })).toBeVisible();
  await page.reload();
  await expect(page.getByRole('heading', { name: 'GET /fails' })).toBeVisible();

  await page.getByRole('link', { name: 'Logs', exact: true }).click();
  await page.getByLabel('Level').selectOption('warn');
  await page.getByLabel('With the text').fill('tide');
  await expect(page).toHaveURL(/level=warn&text=tide/);
  await page.reload();
  await expect(page.getByLabel('Level')).toHaveValue('warn');
  await expect(page.getByLabel('With the text')).toHaveValue('tide');
  await expect(page.getByText('low tide').first()).toBeVisible();

  await page.getByRole('link', { name: 'Keys and values' }).click();
  await page.getByLabel('Keys that begin with').fill('order/');
  await page.getByRole('button', { name: 'Show', exact: true }).click();
  await expect(page).toHaveURL(/prefix=order%2F/);
  await page.reload();
  await expect(page.getByLabel('Keys that begin with')).toHaveValue('order/');
  await expect(page.getByRole('rowheader', { name: 'order/1' })).toBeVisible();

  await page.getByRole('link', { name: 'Queue' }).click();
  const dead = page.getByRole('link', { name: 'Dead letters' });
  await dead.click();
  await expect(dead).toHaveAttribute('aria-current', 'page');
  await page.reload();
  await expect(dead).toHaveAttribute('aria-current', 'page');

  await page.getByRole('link', { name: 'Topics' }).click();
  await page.getByRole('link', { name: 'news' }).click();
  const messages = page.getByRole('heading', { name: 'Messages of news' });
  await expect(messages).toBeVisible();
  await page.reload();
  await expect(messages).toBeVisible();

  await page.goto('/instance/audit');
  await page.getByLabel('What').fill('app.created');
  await page.getByLabel('App', { exact: true }).fill('fresh');
  await page.getByRole('button', { name: 'Show', exact: true }).click();
  await expect(page.getByRole('cell', { name: 'app.created' })).toHaveCount(1);
  await page.reload();
  await expect(page.getByLabel('What')).toHaveValue('app.created');
  await expect(page.getByRole('cell', { name: 'app.created' })).toHaveCount(1);

  const pages: [string, string][] = [['scripts', 'Scripts'], ['routes', 'Routes'], ['deployments', 'Deployments'], ['domains', 'Domains'], ['schedules', 'Schedules'],
    ['triggers', 'Triggers'], ['files', 'Files'], ['secrets', 'Secrets'], ['egress', 'Outgoing calls'], ['members', 'Members'], ['limits', 'Limits'], ['settings', 'Settings']];
  for (const [path, title] of pages) {
    await page.goto(`/apps/fresh/${path}`);
    await page.reload();
    await expect(page.getByRole('heading', { level: 1, name: title })).toBeVisible();
    await expect(page.getByRole('navigation', { name: 'App fresh' }).getByRole('link', { name: title })).toHaveAttribute('aria-current', 'page');
  }
});

test('without a network a page keeps what is on it, says so, and goes on by itself', async ({ page, context }) => {
  await logIn(page);
  await makeApp(page.request, 'island', 'log::info(`tick ${ctx.request.query.n}`); 1');
  await call(page.request, 'PUT', 'kv/first?app=island', { value: 1 });
  await page.goto('/apps/island/kv');
  const isTheSame = await mark(page);
  await page.getByRole('button', { name: 'New key' }).click();
  await page.getByLabel('Key', { exact: true }).fill('second');
  await page.getByLabel('Value').fill('{"much": "typed"}');

  await context.setOffline(true);
  await page.getByRole('button', { name: 'Make the key' }).click();
  await expect(page.getByRole('dialog').getByRole('alert')).toContainText('PiCloud did not answer');
  await expect(lost(page)).toBeVisible();
  await expect(page.getByLabel('Value')).toHaveValue('{"much": "typed"}');
  await shot(page, 'offline-form');
  await context.setOffline(false);
  await expect(lost(page)).toHaveCount(0);
  await page.getByRole('button', { name: 'Make the key' }).click();
  await expect(page.getByRole('rowheader', { name: 'second' })).toBeVisible();

  // A list that was looked at stays, one that was not comes when it can.
  await context.setOffline(true);
  await expect(lost(page)).toBeVisible();
  await expect(page.getByRole('rowheader', { name: 'first' })).toBeVisible();
  await page.getByLabel('Keys that begin with').fill('fir');
  await page.getByRole('button', { name: 'Show', exact: true }).click();
  await shot(page, 'offline-list');
  await context.setOffline(false);
  await expect(page.getByRole('rowheader', { name: 'second' })).toHaveCount(0);
  await expect(page.getByRole('rowheader', { name: 'first' })).toBeVisible();
  await expect(page.getByRole('alert')).toHaveCount(0);
  await isTheSame();

  // So does a page whose files are not here yet.
  await context.setOffline(true);
  await page.getByRole('link', { name: 'Secrets' }).click();
  await shot(page, 'offline-page');
  await expect(page.getByRole('heading', { name: 'No answer' })).toBeVisible();
  await shot(page, 'offline-page');
  await context.setOffline(false);
  await expect(page.getByRole('heading', { name: 'Secrets' })).toBeVisible();
});

test('without a network the live lists wait, and catch up', async ({ page, context }) => {
  await logIn(page);
  await makeApp(page.request, 'tides', 'log::info(`tick ${ctx.request.query.n}`); 1');
  const live = page.getByText('live', { exact: true });
  await page.goto('/apps/tides/logs');
  await expect(live).toBeVisible();
  await visit(page.request, 'tides.localhost', '/?n=1');
  await expect(page.getByText('tick 1')).toBeVisible();
  const isTheSame = await mark(page);
  await context.setOffline(true);
  await expect(live).toHaveCount(0);
  await visit(page.request, 'tides.localhost', '/?n=2');
  await context.setOffline(false);
  await expect(live).toBeVisible();
  await expect(page.getByText('tick 2')).toBeVisible();
  await expect(page.getByText('tick 1')).toBeVisible();
  await isTheSame();

  await page.goto('/apps/tides/executions?live=yes');
  const rows = page.getByRole('row').filter({ hasText: 'GET /' });
  await expect(rows).toHaveCount(2);
  await context.setOffline(true);
  await expect(lost(page)).toBeVisible();
  await expect(rows).toHaveCount(2);
  await visit(page.request, 'tides.localhost', '/?n=3');
  await context.setOffline(false);
  await expect(rows).toHaveCount(3);
  await expect(page.getByRole('alert')).toHaveCount(0);
});

test('a session that ends leads to the log-in page and back, and what was typed is there again', async ({ page, request }) => {
  await logIn(page);
  const script = await makeApp(page.request, 'tired');
  const other = await elsewhere(request);
  const again = async () => {
    await expect(page.getByText('Your session has ended')).toBeVisible();
    await page.getByLabel('User name').fill('owner');
    await page.getByLabel('Password').fill(process.env.PICLOUD_PASSWORD ?? '');
    await page.getByRole('button', { name: 'Log in' }).click();
  };

  await page.goto('/apps/tired/kv?prefix=order%2F');
  await expect(page.getByText('No key begins with')).toBeVisible();
  await call(other, 'DELETE', 'sessions');
  await page.getByLabel('Keys that begin with').fill('orders');
  await page.getByRole('button', { name: 'Show', exact: true }).click();
  await shot(page, 'session-ended');
  await again();
  await expect(page).toHaveURL(/\/apps\/tired\/kv\?prefix=orders$/);
  await expect(page.getByLabel('Keys that begin with')).toHaveValue('orders');

  await page.goto(`/apps/tired/scripts/${script}`);
  await write(page, '// An hour of work.\n42');
  await call(other, 'DELETE', 'sessions');
  // Whoever asks first, this or the check of what was typed, is told; then there is no such button any more.
  const deploy = page.getByRole('button', { name: 'Deploy' });
  await deploy.click({ timeout: 5_000 }).catch(() => expect(deploy).toBeHidden());
  await again();
  await expect(page).toHaveURL(new RegExp(`/apps/tired/scripts/${script}$`));
  await expect(page.getByText('What you had typed here is back')).toBeVisible();
  await expect(page.getByRole('textbox', { name: /^Source of/ })).toContainText('An hour of work');
  await shot(page, 'draft');
  await page.getByRole('button', { name: 'Deploy' }).click();
  await expect(page.getByText(/Deployed hello/)).toBeVisible();
  expect(await (await visit(request, 'tired.localhost', '/')).text()).toBe('42');
});

test('an app that somebody deletes says so, and leads to the others', async ({ page, request }) => {
  await logIn(page);
  const other = await elsewhere(request);
  await makeApp(page.request, 'doomed');
  await page.goto('/apps/doomed/secrets');
  await page.getByRole('button', { name: 'New secret' }).click();
  await page.getByLabel('Name').fill('TOKEN');
  await page.getByLabel('Value').fill('hunter22');
  await call(other, 'DELETE', 'apps/doomed');
  await page.getByRole('button', { name: 'Set the secret' }).click();
  const gone = page.getByRole('alert').filter({ hasText: 'The doomed is gone' });
  await expect(gone).toBeVisible();
  await shot(page, 'gone');
  await page.reload();
  await expect(page.getByText('There is no app doomed')).toBeVisible();
  await shot(page, 'gone-refreshed');
  await page.getByRole('main').getByRole('link', { name: 'All apps' }).click();
  await expect(page.getByRole('heading', { name: 'Apps' })).toBeVisible();
  await expect(page.getByText('The doomed')).toHaveCount(0);

  // What was typed can still be copied.
  const script = await makeApp(page.request, 'fated');
  await page.goto(`/apps/fated/scripts/${script}`);
  await write(page, '// An hour of work.\n42');
  await call(other, 'DELETE', 'apps/fated');
  await page.getByRole('button', { name: 'Deploy' }).click();
  await expect(page.getByRole('alert').filter({ hasText: 'The fated is gone' })).toContainText('copy it');
  await expect(page.getByRole('textbox', { name: /^Source of/ })).toContainText('An hour of work');
  await shot(page, 'gone-typed');
});

test('a log of ten thousand lines comes at once, and never is on the page as a whole', async ({ page }) => {
  test.setTimeout(200_000);
  await logIn(page);
  await makeApp(page.request, 'chatty', 'for n in 0..10000 { log::info(`line ${n}`); }');
  await call(page.request, 'PATCH', 'apps/chatty', { limits: { log_bytes: 1_048_576 } });
  await expect(async () => {
    await visit(page.request, 'chatty.localhost', '/');
    const newest = (await call(page.request, 'GET', 'logs?app=chatty&limit=1')).items[0];
    expect(newest?.message).toBe('line 9999');
  }).toPass();
  const execution = (await call(page.request, 'GET', 'logs?app=chatty&limit=1')).items[0].execution_id;

  const lines = page.getByRole('main').getByRole('list').last().getByRole('listitem');
  const toTheEnd = () => page.evaluate(() => window.scrollTo(0, document.documentElement.scrollHeight));
  await page.goto(`/apps/chatty/executions/${execution}`);
  await expect(page.getByText('line 0', { exact: true })).toBeVisible();
  expect(await lines.count()).toBeLessThan(1_000);
  await expect(async () => {
    await toTheEnd();
    await expect(page.getByText('line 9999', { exact: true })).toBeInViewport({ timeout: 500 });
  }).toPass();
  expect(await lines.count()).toBeLessThan(1_000);
  await shot(page, 'log-end');

  await page.goto('/apps/chatty/logs');
  await expect(page.getByText('line 9999', { exact: true })).toBeVisible();
  await expect(async () => {
    await toTheEnd();
    await expect(page.getByText('Only the newest 10,000 lines are kept here')).toBeInViewport({ timeout: 200 });
  }).toPass({ intervals: [50] });
  await expect(page.getByText('line 0', { exact: true })).toBeInViewport();
  expect(await lines.count()).toBeLessThan(1_000);
  await page.getByLabel('With the text').fill('line 777');
  await expect(page.getByText('11 of 10,000 lines')).toBeVisible();
  await expect(page.getByText('line 7777', { exact: true })).toBeVisible();
});

test('a list goes on whose end somebody reaches while it is loaded anew', async ({ page }) => {
  await logIn(page);
  await makeApp(page.request, 'eager', 'for n in 0..300 { log::info(`line ${n}`); }');
  await visit(page.request, 'eager.localhost', '/');
  await expect(async () => {
    expect((await call(page.request, 'GET', 'logs?app=eager&limit=1')).items).toHaveLength(1);
  }).toPass();

  // The first page is asked for once more when the stream is open: here as late as that, and answered later still.
  const held = async (url: RegExp) => {
    let letGo = () => {};
    const go = new Promise<void>((resolve) => (letGo = resolve));
    await page.route(url, (route) => go.then(() => route.continue()));
    return letGo;
  };
  const openStream = await held(/\/logs\/stream\?/);
  await page.goto('/apps/eager/logs');
  await expect(page.getByText('line 299', { exact: true })).toBeVisible();
  const firstPage = /\/admin\/logs\?(?!.*cursor)/;
  const answer = await held(firstPage);
  const again = page.waitForRequest(firstPage);
  openStream();
  await again;
  await page.evaluate(() => window.scrollTo(0, document.documentElement.scrollHeight));
  await expect(page.getByText('line 100', { exact: true })).toBeInViewport();
  answer();
  await expect(page.getByText('300 of 300 lines')).toBeVisible();
});

test('a script of 256 KiB opens, is changed and deployed', async ({ page, request, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  test.setTimeout(200_000);
  await logIn(page);
  const line = '// Forty bytes of a comment in each line.\n';
  const most = 262_144;
  const script = await makeApp(page.request, 'large', `${line.repeat(6_200)}"first"`);
  await page.goto(`/apps/large/scripts/${script}`);
  const editor = page.getByRole('textbox', { name: /^Source of/ });
  await expect(editor).toContainText('Forty bytes');
  await editor.click();
  await page.keyboard.press('ControlOrMeta+End');
  await expect(editor).toContainText('"first"');
  await page.keyboard.press('Backspace');
  await page.keyboard.type(' and the last"');
  await expect(editor).toContainText('"first and the last"');
  await page.getByRole('button', { name: 'Format' }).click();
  await page.getByRole('button', { name: 'Deploy' }).click();
  await expect(page.getByText(/Deployed hello/)).toBeVisible();
  expect(await (await visit(request, 'large.localhost', '/')).text()).toBe('first and the last');

  await paste(page, `${line.repeat(Math.floor(most / line.length))}${'/'.repeat(most % line.length)}`);
  await expect(page.getByText('256 KiB', { exact: true })).toBeVisible();
  await page.getByRole('button', { name: 'Deploy' }).click();
  await expect(page.getByText('not deployed')).toHaveCount(0);
  await editor.click();
  await page.keyboard.type('/');
  await page.getByRole('button', { name: 'Deploy' }).click();
  await expect(page.getByRole('alert')).toContainText('262144');
  await shot(page, 'too-large');
});

test('a script that is not deployed asks before the page is left, and survives a refresh', async ({ page, request }) => {
  await logIn(page);
  const script = await makeApp(page.request, 'dirty');
  await page.goto(`/apps/dirty/scripts/${script}`);
  const editor = page.getByRole('textbox', { name: /^Source of/ });
  await write(page, '"changed"');
  const asked: string[] = [];
  let isAccepted = false;
  page.on('dialog', (dialog) => (asked.push(dialog.type()), isAccepted ? dialog.accept() : dialog.dismiss()));

  await page.getByRole('link', { name: 'Routes' }).click();
  await expect.poll(() => asked).toEqual(['confirm']);
  await expect(editor).toContainText('"changed"');
  await page.getByRole('button', { name: 'Log out' }).click();
  await expect.poll(() => asked).toEqual(['confirm', 'confirm']);
  await expect(editor).toContainText('"changed"');
  isAccepted = true;
  await page.reload();
  expect(asked.at(-1)).toBe('beforeunload');
  await expect(page.getByText('What you had typed here is back')).toBeVisible();
  await expect(editor).toContainText('"changed"');
  await page.getByRole('button', { name: 'Discard it' }).click();
  await expect(editor).toContainText('"hello"');
  await page.getByRole('link', { name: 'Routes' }).click();
  await expect(page.getByRole('heading', { name: 'Routes', level: 1 })).toBeVisible();
  expect(asked).toEqual(['confirm', 'confirm', 'beforeunload']);

  // Somebody else's change is not overwritten unseen.
  await page.goto(`/apps/dirty/scripts/${script}`);
  await write(page, '"mine"');
  await call(page.request, 'PATCH', `scripts/${script}`, { source: '"theirs"' });
  await page.getByRole('button', { name: 'Deploy' }).click();
  await expect(page.getByRole('alert')).toBeVisible();
  await shot(page, 'conflict');
  await page.getByRole('button', { name: 'Take what is there now' }).click();
  await expect(editor).toContainText('"theirs"');
  await write(page, '"mine"');
  await call(page.request, 'PATCH', `scripts/${script}`, { source: '"theirs once more"' });
  await page.getByRole('button', { name: 'Deploy' }).click();
  await page.getByRole('button', { name: 'Deploy mine over it' }).click();
  await expect(page.getByText(/Deployed hello/)).toBeVisible();
  expect(await (await visit(request, 'dirty.localhost', '/')).text()).toBe('mine');
});
