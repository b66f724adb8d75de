import { execFileSync } from 'node:child_process';
import { defineConfig } from '@playwright/test';

/** Where the system has it. */
const chromium = execFileSync('sh', ['-c', 'command -v chromium'], { encoding: 'utf8' }).trim();

/** The system's Chromium, against a running PiCloud: `host/picloud/tests/it/dashboard.rs` starts one for each file and says where it is. */
export default defineConfig({
  testDir: '.',
  outputDir: '../../target/dashboard/e2e',
  workers: 1,
  retries: 0,
  forbidOnly: true,
  reporter: [['list']],
  timeout: 60_000,
  expect: { timeout: 15_000 },
  use: {
    baseURL: process.env.PICLOUD_URL ?? 'http://localhost:8080',
    viewport: { width: 1280, height: 800 },
    trace: 'retain-on-failure',
    launchOptions: {
      executablePath: chromium,
      // Chromium's own sandbox refuses to run as root, as tests do in containers.
      args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
    },
  },
});
