/** Every method in every space: the steps of a search, with channels that several images share. */
import { describe, expect, it } from 'vitest';
import { type Engine, engineOf, runsOf } from '../../../src/engine/engine.ts';
import { formatGenotype } from '../../../src/search/genotype.ts';
import { parseGenotype } from '../../../src/search/genotype-text.ts';
import { searchDefaultsOf } from '../../../src/search/method-options.ts';
import { search } from '../../../src/search/search.ts';
import { searchSpace, spaceNames } from '../../../src/search/spaces.ts';
import { trace } from '../../../src/trace/trace.ts';
import { brightness } from '../../runs/datasets.ts';
import { learningMethods } from './subject.ts';

/** Traces the steps, which is where they fail, and leaves their state as it was. */
const tracing: Engine = engineOf('tracing', async (tasks) => ({
  run: runsOf(tasks, ({ fn, signature }, name) => {
    const { outputs } = trace(fn, signature, { name });
    expect(outputs.map((output) => output.name)).toContain('loss');
    return async (feeds) =>
      Object.fromEntries(
        outputs.map((output) => [output.name, (feeds[output.name] as Float32Array) ?? Float32Array.of(0)]),
      );
  }),
  dispose: async () => {},
}));

describe.each(spaceNames.filter((name) => name !== 'darts'))('%s', (space) => {
  it.each(learningMethods)('is searched by %s', async (method) => {
    // The first cell that is searched in a chain is that before its first reduction.
    const cells = searchSpace(space).skeleton === 'darts' ? 1 : 3;
    const small = { channels: 8, cells, epochs: 1, batch: 4, maxSteps: 1, alphaWarmUp: 0, crop: 0 };
    const options = { ...searchDefaultsOf(method), ...small, space };
    const { genotype, status } = await search(brightness(), options, { engine: tracing });
    expect(status).toBe('finished');
    expect(parseGenotype(formatGenotype(genotype))).toEqual(genotype);
  });
});
