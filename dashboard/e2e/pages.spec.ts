import { expect, test, type APIRequestContext } from '@playwright/test';
import { barriers, call, logIn, visit } from './support';

/** Every page in the four forms that people have: wide and narrow, light and dark. The pictures are there to be looked at. */
const FORMS = [
  { name: 'wide-light', width: 1280, height: 800, scheme: 'light' },
  { name: 'wide-dark', width: 1280, height: 800, scheme: 'dark' },
  { name: 'narrow-light', width: 390, height: 844, scheme: 'light' },
  { name: 'narrow-dark', width: 390, height: 844, scheme: 'dark' },
] as const;

const OF_APP = [
  '', 'scripts', 'routes', 'deployments', 'domains', 'executions', 'logs', 'schedules', 'triggers', 'queue', 'topics', 'kv', 'files', 'secrets',
  'egress', 'members', 'limits', 'settings',
];
const OF_ALL = ['/', '/keys', '/account', '/instance', '/instance/invitations', '/instance/audit', '/instance/limits', '/instance/health'];

/** An app with something on each page. */
async function fill(api: APIRequestContext): Promise<string[]> {
  const post = (path: string, data: object) => call(api, 'POST', path, data);
  await post('apps', { slug: 'full', name: 'An app with everything' });
  const source = 'log::info("seen", #{ path: ctx.request.path });\nkv::increment("visits");\nif ctx.request.path == "/fails" { throw "as it should" }\n"hello"';
  const script = await post('scripts', { app: 'full', name: 'hello', source });
  await post('routes', { app: 'full', script: script.id, path: '/' });
  await post('routes', { app: 'full', script: script.id, path: '/fails' });
  await post('domains', { app: 'full', host: 'full.example.com' });
  await post('schedules', { app: 'full', name: 'nightly', script: script.id, on: { cron: '30 2 * * *', time_zone: 'Europe/Berlin' } });
  await post('triggers', { app: 'full', name: 'on-order', script: script.id, on: { kind: 'kv', prefix: 'order/' } });
  await post('queue', { app: 'full', script: 'hello', payload: { n: 1 }, delay_seconds: 3600 });
  await post('topics/news?app=full', { message: { text: 'hello' } });
  await call(api, 'PUT', 'kv/greeting?app=full', { value: { text: 'hello' } });
  await call(api, 'PUT', 'secrets/TOKEN?app=full', { value: 'hunter22' });
  for (const path of ['/', '/', '/fails']) await visit(api, 'full.localhost', path);
  const find = async () => {
    const answer = await api.get('/api/v1/admin/executions?app=full&outcome=error');
    return (await answer.json()).items[0]?.id as string | undefined;
  };
  await expect.poll(find).toBeTruthy();
  const deployment = (await (await api.get('/api/v1/admin/deployments?app=full&limit=1')).json()).items[0].id;
  return [`scripts/${script.id}`, `executions/${await find()}`, `deployments/${deployment}`];
}

for (const { name, width, height, scheme } of FORMS) {
  test(`every page is accessible, and looks like something: ${name}`, async ({ browser }) => {
    test.setTimeout(280_000);
    const context = await browser.newContext({ viewport: { width, height }, colorScheme: scheme });
    const page = await context.newPage();
    await logIn(page);
    const details = await fill(page.request);
    const paths = [...OF_ALL, ...[...OF_APP, ...details].map((path) => `/apps/full/${path}`.replace(/\/$/, ''))];
    const wrong: string[] = [];
    page.on('pageerror', (error) => wrong.push(`${page.url()}: ${error.message}`));
    page.on('console', (message) => message.type() === 'error' && !/404/.test(message.text()) && wrong.push(`${page.url()}: ${message.text()}`));
    for (const path of paths) {
      await page.goto(path);
      await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
      await page.waitForLoadState('networkidle');
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      if (overflow > 0) wrong.push(`${path}: ${overflow} pixels wider than the screen`);
      const file = `${name}${path.replace(/[0-9a-f-]{36}/, 'one').replaceAll('/', '_')}.png`;
      await page.screenshot({ path: `../target/dashboard/shots/${file}`, fullPage: true });
      wrong.push(...(await barriers(page)).map((found) => `${path}: ${found}`));
    }
    await context.close();
    expect(wrong).toEqual([]);
  });
}
