/** The page as a browser shows it. */
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { metadataToProps } from '../../../src/onnx/metadata.ts';
import { formatGenotype } from '../../../src/search/genotype.ts';
import { loadGenotype } from '../../../src/search/genotype-file.ts';
import { type Server, serve } from '../../../src/serve/index.ts';
import { classifierMetadata, classifierModel, linearModel, makeFolder, removeFolder } from '../onnx.ts';
import { executable, openBrowser } from './chromium.ts';

const hostileLabel = '<img src=x onerror="window.hacked=1">';
const hostileCard = `# Card of <script>window.hacked = 2</script>

[a link](javascript:window.hacked=3) ![an image](https://example.invalid/pixel.png)

| a | b |
|:--|--:|
| 1 | <b onmouseover="window.hacked=4">2</b> |
`;

const metadata = {
  ...classifierMetadata(1, ['top left', hostileLabel, 'bottom left', 'bottom right']),
  genotype: formatGenotype(loadGenotype('darts_v2')),
};

/** An image with one bright pixel: the model of `classifierModel` answers its place. */
const bright = (index: number): Promise<Buffer> =>
  sharp(
    Uint8Array.from({ length: 4 }, (_, i) => (i === index ? 255 : 0)),
    { raw: { width: 2, height: 2, channels: 1 } },
  )
    .toColourspace('b-w')
    .png()
    .toBuffer();

let folder: string;
let server: Server;
let browser: Browser;

beforeAll(async () => {
  folder = await makeFolder({
    'models/corners/1/model.onnx': classifierModel(1, 'logits', metadataToProps(metadata)),
    'models/corners/1/model.md': hostileCard,
    'models/corners/1/samples/top-left.png': await bright(0),
    'models/corners/1/samples/bottom_right.png': await bright(3),
    'models/corners/1/samples/notes.txt': 'no image',
    'models/unnamed/1/model.onnx': classifierModel(
      1,
      'logits',
      metadataToProps({ ...classifierMetadata(1, []), genotype: 'none' }),
    ),
    'models/linear <1> & more/1/model.onnx': linearModel(),
    'bright.png': await bright(3),
    'broken.png': 'this is no image',
    token: 'secret-of-the-page',
  });
  server = await serve(join(folder, 'models'), { port: 0, models: { threads: 1 } });
  if (executable) browser = await openBrowser();
});
afterAll(async () => {
  await browser?.close();
  await server.close();
  await removeFolder(folder);
});

const get = (path: string): Promise<Response> => fetch(server.url + path);
const sampleUrl = (name: string): string => `/page/models/corners/versions/1/samples/${name}`;

describe('the files of the page', () => {
  it('come with a policy that allows this server alone, and no inline script or style', async () => {
    const response = await get('/');
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    const policy = response.headers.get('content-security-policy');
    expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
    expect(policy).not.toContain('unsafe');
    expect(await response.text()).not.toMatch(/<script>|<style>|style=|https?:/);
  });

  it.each([
    '/page/nothing.js',
    '/page/..%2findex.js',
    sampleUrl('..%2fmodel.onnx'),
    sampleUrl('notes.txt'),
    sampleUrl('%2e%2e'),
    '/page/models/nothing/versions/1',
    '/page/models/corners/versions/2',
  ])('%s is not there', async (path) => {
    const response = await get(path);
    expect(response.status).toBe(404);
    expect(await response.json()).toEqual({ error: expect.any(String) });
  });

  it('are read only: other methods are refused', async () => {
    expect((await fetch(`${server.url}/`, { method: 'POST' })).status).toBe(405);
  });

  it('offer the images in the folder samples, and nothing else', async () => {
    const described = await (await get('/page/models/corners/versions/1')).json();
    expect(described).toMatchObject({
      dataset: 'test',
      images: { channels: 1, height: 2, width: 2, labels: 4 },
      samples: ['bottom_right.png', 'top-left.png'],
    });
    const sample = await get(sampleUrl('top-left.png'));
    expect(sample.headers.get('content-type')).toBe('image/png');
  });
});

/** A page, what it complained of, and where it sent requests. */
async function open(
  path = '/',
  options: BrowserContextOptions = {},
  url = server.url,
): Promise<{ page: Page; complaints: string[]; requests: string[] }> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.setDefaultTimeout(10_000);
  const complaints: string[] = [];
  const requests: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('request', (request) => requests.push(request.url()));
  await page.goto(url + path);
  return { page, complaints, requests };
}

const texts = (page: Page, selector: string): Promise<string[]> => page.locator(selector).allInnerTexts();

describe.skipIf(!executable)('the page in a browser', () => {
  it('shows models, facts, drawings and card with requests to its own server only', async () => {
    const { page, complaints, requests } = await open('/#/corners/1');
    await page.waitForSelector('h2');
    expect(await texts(page, '#models .name')).toEqual(['corners', 'linear <1> & more', 'unnamed']);
    expect(await page.locator('.server').innerText()).toBe('3 of 3 models ready');
    expect(await page.locator('svg.cell').count()).toBe(2);
    expect(await page.locator('svg.cell title').first().textContent()).toBe('The normal cell');
    expect(await page.locator('.card h3').innerText()).toContain('Card of <script>');
    expect(await page.locator('.card img').count()).toBe(0);
    // A script is no link; an image, which would be a request to others, is no more than one.
    const links = page.locator('.card a');
    expect(await links.evaluateAll((all) => all.map((link) => link.getAttribute('href')))).toEqual([
      'https://example.invalid/pixel.png',
    ]);
    const own = (address: string): boolean => address.startsWith(server.url) || address.startsWith('blob:');
    expect(requests.filter((address) => !own(address))).toEqual([]);
    expect(complaints).toEqual([]);
    expect(await page.evaluate('window.hacked')).toBeUndefined();
    await page.context().close();
  });

  it('labels a sample that is picked with the keyboard alone', async () => {
    const { page, complaints } = await open('/#/corners/1');
    await page.locator('.samples img[src]').nth(1).waitFor();
    // From the start of the page: skip link, API, metrics, three models, file, first sample.
    const focused = (): Promise<string | null> =>
      page.evaluate('document.activeElement.getAttribute("aria-label")');
    for (let presses = 0; presses < 12 && (await focused()) !== 'Sample: bottom right'; presses++) {
      await page.keyboard.press('Tab');
    }
    expect(await focused()).toBe('Sample: bottom right');
    await page.keyboard.press('Enter');
    await page.waitForSelector('.bars');
    expect(await texts(page, '.bars .label')).toHaveLength(4);
    expect((await texts(page, '.bars .label'))[0]).toBe('bottom right');
    // exp(1) / (exp(1) + 3) of the logits 1, 0, 0, 0.
    expect((await texts(page, '.bars .probability'))[0]).toBe('47.5 %');
    const width = (nth: number): Promise<number> =>
      page
        .locator('.bar')
        .nth(nth)
        .evaluate((bar) => bar.getBoundingClientRect().width);
    expect((await width(0)) / (await width(1))).toBeCloseTo(Math.E, 1);
    expect(await page.evaluate('window.hacked')).toBeUndefined();
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it('labels a file that is chosen, and says what is wrong with one that is no image', async () => {
    const { page } = await open('/#/corners/1');
    await page.waitForSelector('#image', { state: 'attached' });
    await page.setInputFiles('#image', join(folder, 'bright.png'));
    await page.waitForSelector('.bars');
    expect(await page.locator('.preview').getAttribute('alt')).toBe('bright.png');
    await page.setInputFiles('#image', join(folder, 'broken.png'));
    await page.waitForSelector('.failure');
    expect(await page.locator('.failure').innerText()).toMatch(
      /^broken\.png: .*cannot be read as a PNG, JPEG or WebP/,
    );
    await page.context().close();
  });

  it('takes an image that is dropped', async () => {
    const { page } = await open('/#/corners/1');
    await page.waitForSelector('.zone');
    const bytes = [...(await bright(0))];
    const transfer = await page.evaluateHandle(`{
      const data = new DataTransfer();
      data.items.add(new File([new Uint8Array([${bytes}])], 'dropped.png', { type: 'image/png' }));
      data;
    }`);
    await page.dispatchEvent('.zone', 'drop', { dataTransfer: transfer });
    await page.waitForSelector('.bars');
    expect((await texts(page, '.bars .label'))[0]).toBe('top left');
    await page.context().close();
  });

  it('says what a model without metadata cannot do, and how to call it', async () => {
    const { page, complaints } = await open('/#/linear%20%3C1%3E%20%26%20more/1');
    await page.waitForSelector('h2');
    expect(await page.locator('h2').innerText()).toContain('linear <1> & more');
    expect(await page.locator('main .notice').innerText()).toMatch(
      /^This model takes no images here: .*nas\.image/,
    );
    expect(await texts(page, 'main .hint')).toEqual([
      expect.stringContaining('no genotype'),
      expect.stringContaining('no card'),
    ]);
    const command = await page.locator('.command').innerText();
    expect(command).toContain('"name":"x","datatype":"FP32","shape":[1,3],"data":[0,0,0]');
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it('shows classes by number where a model does not name them', async () => {
    const { page } = await open('/#/unnamed/1');
    await page.waitForSelector('#image', { state: 'attached' });
    expect(await page.locator('.facts').innerText()).toContain('not named');
    await page.setInputFiles('#image', join(folder, 'bright.png'));
    await page.waitForSelector('.bars');
    expect((await texts(page, '.bars .label'))[0]).toBe('3');
    await page.context().close();
  });

  it('follows what becomes of a model', async () => {
    const { page } = await open('/#/unnamed/1');
    await page.waitForSelector('.zone');
    const change = (action: string): Promise<Response> =>
      fetch(`${server.url}/v2/repository/models/unnamed/${action}`, { method: 'POST' });
    const refreshed = async (): Promise<void> => {
      await page.evaluate('document.dispatchEvent(new Event("visibilitychange"))');
    };
    await change('unload');
    await refreshed();
    await page.waitForSelector('main .notice');
    expect(await page.locator('main .notice').innerText()).toMatch(/^This model is unavailable: /);
    expect(await texts(page, '#models .state')).toEqual(['ready', 'ready', 'unavailable']);
    await change('load');
    await refreshed();
    await page.waitForSelector('.zone');
    await page.context().close();
  });

  it('asks for the token that a server wants', async () => {
    const closed = await serve(join(folder, 'models'), {
      port: 0,
      models: { threads: 1 },
      tokenFile: join(folder, 'token'),
    });
    const { page } = await open('/#/corners/1', {}, closed.url);
    await page.fill('#token', 'wrong');
    await page.keyboard.press('Enter');
    await page.locator('form p', { hasText: 'wrong' }).waitFor();
    await page.fill('#token', 'secret-of-the-page');
    await page.keyboard.press('Enter');
    await page.locator('.samples img[src]').first().click();
    await page.waitForSelector('.bars');
    await page.context().close();
    await closed.close();
  });

  it('fits a phone, in light and in dark', async () => {
    for (const colorScheme of ['light', 'dark'] as const) {
      const { page } = await open('/#/corners/1', { colorScheme, viewport: { width: 360, height: 740 } });
      await page.waitForSelector('h2');
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360);
      const colour = (property: string): Promise<string> =>
        page.evaluate(`getComputedStyle(document.body).${property}`);
      expect(contrast(await colour('color'), await colour('backgroundColor'))).toBeGreaterThan(7);
      for (const family of ['separable', 'dilated', 'ordinary', 'pool', 'skip']) {
        // As rgb(…), which is what a colour of an element is computed to.
        const ground = await page.evaluate<string>(
          `document.body.style.outlineColor = 'var(--${family})', getComputedStyle(document.body).outlineColor`,
        );
        expect(contrast(ground, 'rgb(255, 255, 255)'), `${family}, ${colorScheme}`).toBeGreaterThan(4.5);
      }
      await page.context().close();
    }
  });
});

/** WCAG's contrast of two `rgb(…)` colours. */
function contrast(a: string, b: string): number {
  const luminance = (colour: string): number => {
    const [red = 0, green = 0, blue = 0] = (colour.match(/\d+/g) ?? []).map((value) => {
      const share = Number(value) / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const [darker = 0, lighter = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (lighter + 0.05) / (darker + 0.05);
}
