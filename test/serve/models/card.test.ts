import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readCard } from '../../../src/serve/models/card.ts';

const root = mkdtempSync(join(tmpdir(), 'nas-card-'));
afterAll(() => rmSync(root, { recursive: true }));

const folder = join(root, 'models');
mkdirSync(folder);
writeFileSync(join(folder, 'model.md'), 'of another model');
writeFileSync(join(root, 'outside.md'), 'of nobody');
writeFileSync(join(folder, 'birds.v2.md'), 'of birds');
symlinkSync(join(root, 'outside.md'), join(folder, 'led-out.md'));
symlinkSync(join(folder, 'birds.v2.md'), join(folder, 'led.md'));

describe('readCard', () => {
  it.each([
    ['of its own name', 'birds.v2.onnx', 'of birds'],
    ['behind a link within the folder', 'led.onnx', 'of birds'],
    ['of another model beside it: none', 'cats.onnx', undefined],
    ['behind a link out of the folder: none', 'led-out.onnx', undefined],
  ])('reads the card %s', async (_, model, card) => {
    expect(await readCard(join(folder, model))).toBe(card);
  });
});
