/** The report as a browser shows it. */
import { writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readRun } from '../../src/comparison/records.ts';
import { reportOf } from '../../src/comparison/report.ts';
import { summarize } from '../../src/comparison/summary.ts';
import { reportHtml } from '../../src/report/page.ts';
import { contrast } from '../../src/report/palette.ts';
import { searchSpace } from '../../src/search/spaces.ts';
import { softmaxStrengths } from '../../src/search/strengths.ts';
import {
  alphaOf,
  emptyFolder,
  genotypeOf,
  writeRetrain,
  writeSearch,
  writeSelected,
  writeSelection,
  writeSweep,
} from '../comparison/folders.ts';
import { executable, openBrowser } from '../serve/page/chromium.ts';

const hostile = `x <img src=x onerror="window.hacked=1"> & </script><script>window.hacked=2`.replaceAll(
  '/',
  '∕',
);
const epochs = 5;

function htmlOf(folder: string): string {
  const run = readRun(folder);
  return reportHtml(reportOf(run, summarize(run)));
}

const folder = emptyFolder();
const single = join(folder, hostile);
const several = join(folder, 'several');
writeSearch(single, {
  epochs,
  options: {
    budget: 'macs=5M',
    data: '<script>window.hacked=3</script>',
    note: '</dd><script>window.hacked=4</script>',
  },
  extra: (epoch) => ({ eigenvalue: 0.2 + 0.1 * epoch, cost: 5e6 - 1e5 * epoch }),
});
writeRetrain(join(single, 'retrain'));
writeSweep(several, 3);
writeSelection(several, { 2: [0.5, 0.6], 3: [0.7, 0.9], 4: [0.1, 0.2] });
writeSelected(several, 3);
writeRetrain(join(several, 'retrain'), { genotype: genotypeOf(searchSpace('darts'), 3, 2) });

let browser: Browser;
beforeAll(async () => {
  if (executable) browser = await openBrowser();
});
afterAll(() => browser?.close());

interface Opened {
  readonly page: Page;
  readonly complaints: readonly string[];
  readonly requests: readonly string[];
  close(): Promise<void>;
}

async function open(run: string, options: BrowserContextOptions = {}): Promise<Opened> {
  const file = join(folder, `report-${run === single ? 'single' : basename(run)}.html`);
  writeFileSync(file, htmlOf(run));
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.setDefaultTimeout(10_000);
  const complaints: string[] = [];
  const requests: string[] = [];
  page.on('console', (message) => {
    if (message.type() !== 'log') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('request', (request) => requests.push(request.url()));
  const url = pathToFileURL(file).href;
  await page.goto(url);
  return { page, complaints, requests: requests as readonly string[], close: () => context.close() };
}

const texts = (page: Page, selector: string): Promise<string[]> => page.locator(selector).allInnerTexts();

/** What the tables of weights are to show in an epoch, edge by edge, the normal cell first. */
const expectedWeights = (epoch: number): string[] => {
  const space = searchSpace('darts');
  const strengths = softmaxStrengths(alphaOf(space, 2, epoch), space);
  return strengths.flat(2).map((strength) => strength.toFixed(2));
};

describe('the file', () => {
  const html = htmlOf(single);

  it('names nothing outside itself, and says that nothing may be loaded', () => {
    expect(html).toContain("default-src 'none'; style-src 'sha256-");
    expect(html).not.toContain('unsafe-inline');
    const addresses = [...html.matchAll(/(?:src|href|url)\s*[=(]\s*"?([^"\s>)]+)/g)].map(
      ([, address]) => address,
    );
    const outside = addresses.filter((address) => !/^(#|data:,|x$)/.test(address ?? ''));
    expect(outside).toEqual([]);
    expect(html.replaceAll('http://www.w3.org/2000/svg', '')).not.toMatch(/https?:/);
  });

  it('is the same for the same run', () => {
    expect(htmlOf(single)).toBe(html);
  });

  it('has each id once, and no heading without the one above it', () => {
    const ids = [...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const levels = [...html.matchAll(/<h([1-6])/g)].map(([, level]) => Number(level));
    expect(levels[0]).toBe(1);
    levels.slice(1).forEach((level, i) => {
      expect(level - (levels[i] ?? 0)).toBeLessThanOrEqual(1);
    });
  });

  it('lists the seeds of several searches, the candidates and who is selected', () => {
    const report = htmlOf(several);
    for (const seed of [2, 3, 4]) expect(report).toContain(`several/seed-${seed}<`);
    expect(report).toContain('80.00 ± 14.14 %');
    expect(report).toContain('Of the genotype that is selected, of seed 3.');
  });
});

describe.skipIf(!executable)('the report in a browser', () => {
  it('asks nobody for anything, complains of nothing and runs no script but its own', async () => {
    for (const run of [single, several]) {
      const { page, complaints, requests, close } = await open(run);
      expect(requests.filter((url) => !url.startsWith('data:'))).toHaveLength(1);
      expect(complaints).toEqual([]);
      expect(await page.evaluate('window.hacked')).toBeUndefined();
      await close();
    }
  });

  it('has the cells, the curves and the figures', async () => {
    const { page, close } = await open(single);
    expect(await page.locator('h1').innerText()).toContain(hostile);
    expect(await texts(page, '.tiles dd')).toEqual(
      expect.arrayContaining(['70.00 %', '67.00 %', '1:00', '15.0 s']),
    );
    expect(await page.locator('#architecture svg.cell').count()).toBe(2);
    expect(await texts(page, '#curves figcaption')).toEqual([
      'Search: loss',
      'Search: accuracy',
      'Retraining: loss',
      'Retraining: accuracy',
    ]);
    expect(await texts(page, '#guards figcaption')).toEqual([
      'Skip connections of the normal cell',
      'Dominant eigenvalue of ∇²α of the validation loss',
      'Expected cost of the network, in multiply–accumulates',
    ]);
    expect(await page.locator('#architecture code').innerText()).toBe(
      genotypeOf(searchSpace('darts'), 2, epochs - 1),
    );
    await close();
  });

  it('moves the weights through the epochs by the keyboard alone', async () => {
    const { page, close } = await open(single);
    const weights = '#weights td.weight';
    expect(await texts(page, weights)).toEqual(expectedWeights(epochs - 1));
    const focused = (): Promise<string> => page.evaluate('document.activeElement.id');
    for (let presses = 0; presses < 40 && (await focused()) !== 'weights-2'; presses++) {
      await page.keyboard.press('Tab');
    }
    expect(await focused()).toBe('weights-2');
    await page.keyboard.press('Home');
    expect(await texts(page, weights)).toEqual(expectedWeights(0));
    await page.keyboard.press('ArrowRight');
    expect(await texts(page, weights)).toEqual(expectedWeights(1));
    expect(await page.locator('#weights output').innerText()).toBe('2');
    expect(await page.locator('#weights-2').getAttribute('aria-valuetext')).toBe('epoch 2');
    expect(await page.locator(`${weights}.chosen`).count()).toBe(16);
    await close();
  });

  it('moves the weights of edges too, where a method has them', async () => {
    const run = join(folder, 'pc');
    const beta = (epoch: number): number[] =>
      Array.from({ length: 28 }, (_, i) => (i % 14 === 1 ? epoch : 0));
    writeSearch(run, { options: { method: 'pc-darts' }, extra: (epoch) => ({ beta: beta(epoch) }) });
    const { page, close } = await open(run);
    await page.locator('#weights-2').focus();
    for (const epoch of [2, 1, 0]) {
      const share = Math.exp(epoch) / (1 + Math.exp(epoch));
      const two = [1 - share, share].map((strength) => strength.toFixed(2));
      expect((await texts(page, '#weights td.edge')).slice(0, 3)).toEqual([...two, '0.33']);
      await page.keyboard.press('ArrowLeft');
    }
    await close();
  });

  it('shows the last epoch where scripts do not run', async () => {
    const { page, close } = await open(single, { javaScriptEnabled: false });
    expect(await texts(page, '#weights td.weight')).toEqual(expectedWeights(epochs - 1));
    expect(await page.locator('#weights-2').isVisible()).toBe(false);
    expect(await page.locator('.strip').count()).toBe(28);
    await close();
  });

  it.each(['light', 'dark'] as const)('can be read in %s, on a phone too', async (colorScheme) => {
    for (const run of [single, several]) {
      const { page, close } = await open(run, { colorScheme, viewport: { width: 360, height: 740 } });
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360);
      await page.evaluate('for (const details of document.querySelectorAll("details")) details.open = true');
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360);
      const colours = (await page.evaluate(pairs)) as [what: string, text: string, ground: string][];
      expect(colours.length).toBeGreaterThan(300);
      for (const [what, text, ground] of colours) {
        expect(contrast(text, ground), `${what}: ${text} on ${ground}`).toBeGreaterThanOrEqual(4.5);
      }
      await close();
    }
  });

  it('is printed in light colours, all that is folded open, without what is for screens', async () => {
    const { page, close } = await open(several, { colorScheme: 'dark' });
    await page.emulateMedia({ media: 'print' });
    await page.evaluate('dispatchEvent(new Event("beforeprint"))');
    expect(await page.locator('details:not([open])').count()).toBe(0);
    expect(await page.locator('nav').isVisible()).toBe(false);
    expect(await page.locator('.slider').first().isVisible()).toBe(false);
    expect(await page.evaluate('getComputedStyle(document.body).color')).toBe('rgb(27, 35, 48)');
    await close();
  });
});

/**
 * In the page: of every element that has text of its own, what it is, its colour and that of the ground it lies on,
 * both as #rrggbb. Texts on pills lie on the pill.
 */
const pairs = `(() => {
  const hex = (colour) => {
    const parts = colour.match(/[\\d.]+/g) ?? [];
    if (parts.length > 3 && Number(parts[3]) === 0) return undefined;
    return '#' + parts.slice(0, 3).map((part) => Number(part).toString(16).padStart(2, '0')).join('');
  };
  const ground = (element) => {
    const pill = element.namespaceURI.endsWith('svg') ? element.parentElement.querySelector(':scope > rect') : null;
    const fill = pill && hex(getComputedStyle(pill).fill);
    if (fill) return fill;
    for (let at = element; at; at = at.parentElement) {
      const colour = hex(getComputedStyle(at).backgroundColor);
      if (colour) return colour;
    }
    return '#ffffff';
  };
  const found = [];
  for (const element of document.body.querySelectorAll('*')) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== '');
    if (!own || !element.checkVisibility() || ['SCRIPT', 'title', 'desc'].includes(element.tagName)) continue;
    const style = getComputedStyle(element);
    const text = hex(element.namespaceURI.endsWith('svg') ? style.fill : style.color);
    if (text) found.push([element.tagName + '.' + (element.getAttribute('class') ?? ''), text, ground(element)]);
  }
  return found;
})()`;
