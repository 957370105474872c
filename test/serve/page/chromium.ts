/** A browser for the tests of the page, where the machine has one. */
import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const places = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** The variable CHROMIUM names another one. */
export const executable = [process.env.CHROMIUM ?? '', ...places].find(
  (path) => path !== '' && existsSync(path),
);

if (!executable) {
  console.warn(
    'skipped: pages in a browser: no Chromium (Debian: apt-get install chromium; or name one by CHROMIUM)',
  );
}

const quiet = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Headless, with a profile of its own that goes with it. Root may not use Chromium's sandbox. */
export const openBrowser = (): Promise<Browser> =>
  chromium.launch({
    ...(executable && { executablePath: executable }),
    args: [...quiet, ...(process.getuid?.() === 0 ? ['--no-sandbox'] : [])],
  });
