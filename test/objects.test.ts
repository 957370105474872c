import { expect, it } from 'vitest';
import { parseJson } from '../src/objects.ts';

it('reads JSON with or without the byte order mark that some editors put before it', () => {
  expect(parseJson('\uFEFF{"a": 1}', 'file.json')).toEqual({ a: 1 });
  expect(parseJson('{"a": 1}', 'file.json')).toEqual({ a: 1 });
  expect(() => parseJson('\uFEFF{', 'file.json')).toThrow('file.json is not JSON: ');
});
