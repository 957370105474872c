/** Runs as a user has them: interrupted, resumed, damaged. */
import { cpSync, existsSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readSearchOptions } from '../../src/cli/run-config.ts';
import { openTrained } from '../../src/cli/trained.ts';
import { InputError } from '../../src/errors.ts';
import { expectRefused, nas, nasJson, newFolder, smallSpace, start, tiny } from './nas.ts';

let folder: Awaited<ReturnType<typeof newFolder>>;
const place = (...names: string[]): string => join(folder.path, ...names);
const text = (...names: string[]): string => readFileSync(place(...names), 'utf8');
const search = ['search', '--space', smallSpace, ...tiny];
/** Long enough to be interrupted. */
const longer = ['--epochs', '3', '--max-steps', '0'];

beforeAll(async () => {
  folder = await newFolder();
  await nasJson(folder.path, ...search, '--out', 'whole');
  await nasJson(folder.path, 'retrain', 'whole', ...tiny, '--data', 'embedded');
});
afterAll(() => folder.remove());

/** A copy of the finished run, to be damaged. */
function copyOf(name: string): string {
  rmSync(place(name), { recursive: true, force: true });
  cpSync(place('whole'), place(name), { recursive: true });
  return name;
}

describe('an interrupted search', () => {
  it('is saved, says how to continue, and ends as if nothing had been', async () => {
    await nasJson(folder.path, ...withOptions(search, longer), '--out', 'straight');
    const running = start(folder.path, ...withOptions(search, longer), '--out', 'broken off');
    await running.said(/search epoch 1\/3 step 1\//);
    running.process.kill('SIGINT');
    const { code, stdout, stderr } = await running.ended;
    expect(stderr).toMatch(/interrupted: ending at the next step/);
    expect(stderr).toMatch(/saved; continue with: nas search --out 'broken off' --resume\n$/);
    expect([code, stdout]).toEqual([130, '']);
    expect(existsSync(place('broken off', 'genotype.json'))).toBe(false);

    // Where it is computed may change, what is computed may not.
    const resume = ['search', '--out', 'broken off', '--resume'];
    const other = await nas(folder.path, ...resume, '--cells', '3');
    expectRefused(other, /the run in broken off has --cells 2; it cannot be resumed with 3/);
    const limited = await nas(folder.path, ...resume, '--image-size', '9');
    expectRefused(limited, /has --image-size not given; it cannot be resumed with 9/);
    cpSync(place('broken off'), place('of other images'), { recursive: true });
    const config = place('of other images', 'config.json');
    writeFileSync(config, readFileSync(config, 'utf8').replace(/"images": "\w+"/, '"images": "1234abcd"'));
    const changed = await nas(folder.path, 'search', '--out', 'of other images', '--resume');
    expectRefused(changed, /the images of .* are not those that the run in of other images began with/);
    const result = await nasJson(folder.path, ...resume, '--cells', '2', '--device', 'cpu');
    expect(text('broken off', 'genotype.json')).toBe(text('straight', 'genotype.json'));
    expect(result.run).toBe('broken off');
    expect(await nasJson(folder.path, ...resume)).toEqual(result);
  });
});

describe('a search by another method', () => {
  it('keeps what it is made with, and its method', async () => {
    const out = ['--out', 'partial'];
    await nasJson(folder.path, ...search, '--method', 'pc-darts', '--alpha-learning-rate', '0.01', ...out);
    const { options } = JSON.parse(text('partial', 'config.json'));
    expect(options).toMatchObject({ method: 'pc-darts', partialChannels: 4, learningRate: 0.1, batch: 8 });
    expect(options).toMatchObject({ alphaLearningRate: 0.01, learningRateMin: 0 });
    expect(options).not.toHaveProperty('temperature');
    const resume = ['search', ...out, '--resume'];
    const other = await nas(folder.path, ...resume, '--method', 'gdas');
    expectRefused(other, /the run in partial has --method pc-darts; it cannot be resumed with gdas/);
    const fewer = await nas(folder.path, ...resume, '--partial-channels', '2');
    expectRefused(fewer, /the run in partial has --partial-channels 4; it cannot be resumed with 2/);
  });

  it('draws a genotype at once, to be retrained as any other', async () => {
    const random = ['search', '--method', 'random', '--space', 'simple'];
    const drawn = await nasJson(folder.path, ...random, '--seed', '3', '--out', 'random');
    expect(Object.keys(drawn)).toEqual(['run', 'genotype']);
    expect(JSON.parse(text('random', 'config.json')).options).toEqual({
      method: 'random',
      space: 'simple',
      seed: 3,
      data: 'embedded',
    });
    expect(await nasJson(folder.path, 'search', '--out', 'random', '--resume')).toEqual(drawn);
    expect((await nasJson(folder.path, ...random, '--seed', '4', '--out', 'r4')).genotype).not.toBe(
      drawn.genotype,
    );
    const again = await nas(folder.path, ...random, '--seed', '3', '--out', 'random');
    expectRefused(again, /random holds a run already/);
    const other = await nas(folder.path, 'search', '--out', 'random', '--resume', '--seed', '5');
    expectRefused(other, /the run in random has --seed 3; it cannot be resumed with 5/);
    await nasJson(folder.path, 'retrain', 'random', ...tiny);
  });
});

describe('an interrupted retraining', () => {
  it('is saved, says how to continue, and ends as if nothing had been', async () => {
    const retrain = (out: string): string[] => [
      ...withOptions(['retrain', 'darts_v1', ...tiny], longer),
      '--out',
      out,
    ];
    const straight = await nasJson(folder.path, ...retrain('straight'));
    const running = start(folder.path, ...retrain('broken'));
    await running.said(/retrain epoch 1\/3 step 1\//);
    running.process.kill('SIGTERM');
    const { code, stderr } = await running.ended;
    expect(stderr).toMatch(/saved; continue with: nas retrain darts_v1 --out broken --resume\n$/);
    expect(code).toBe(130);

    const early = await nas(folder.path, 'export', 'broken', '--onnx', 'early.onnx');
    expectRefused(
      early,
      /best.safetensors is missing: the retraining has not finished; continue it with --resume/,
    );
    const other = await nas(folder.path, 'retrain', 'darts_v2', '--out', 'broken', '--resume');
    expectRefused(
      other,
      /the run in broken\/retrain trains Genotype\(.*it cannot be resumed with Genotype\(/,
    );
    const result = await nasJson(folder.path, 'retrain', 'darts_v1', '--out', 'broken', '--resume');
    expect(result).toEqual({ ...straight, run: 'broken' });
    expect(readFileSync(place('broken', 'retrain', 'last.safetensors'))).toEqual(
      readFileSync(place('straight', 'retrain', 'last.safetensors')),
    );
  });
});

describe('a run is not overwritten', () => {
  it.each([
    ['search', [...search, '--out', 'whole'], 'whole'],
    ['retrain', ['retrain', 'whole', ...tiny], 'whole/retrain'],
  ] as const)('by nas %s', async (_, command, path) => {
    const before = readFileSync(place(path, 'checkpoint.safetensors'));
    const result = await nas(folder.path, ...command);
    expectRefused(result, new RegExp(`${path} holds a run already; choose another --out, or continue it`));
    expect(readFileSync(place(path, 'checkpoint.safetensors'))).toEqual(before);
  });
});

describe('a damaged run', () => {
  const write = (content: string) => (file: string) => writeFileSync(file, content);
  const edit = (change: (config: Record<string, unknown>) => void) => (file: string) => {
    const config = JSON.parse(readFileSync(file, 'utf8'));
    change(config);
    writeFileSync(file, JSON.stringify(config));
  };
  const options = (changes: Record<string, unknown>) =>
    edit((config) => {
      config.options = { ...Object(config.options), ...changes };
    });
  const set = (name: string, value: unknown) =>
    edit((config) => {
      config[name] = value;
    });

  it.each<[string, string, (file: string) => void, string[], RegExp]>([
    ['no configuration', 'config.json', rmSync, ['search'], /damaged holds no run: config.json is missing/],
    [
      'an option of another type',
      'config.json',
      options({ epochs: '3' }),
      ['search'],
      /epochs must be a whole/,
    ],
    [
      'another network',
      'config.json',
      options({ channels: 5 }),
      ['search'],
      /is not of this run: expected \d+ elements of theta/,
    ],
    [
      'half a checkpoint',
      'checkpoint.safetensors',
      (file) => truncateSync(file, 999),
      ['search'],
      /is not a whole safetensors file/,
    ],
    [
      'no checkpoint',
      'checkpoint.safetensors',
      rmSync,
      ['search'],
      /has nothing to resume: checkpoint.safetensors is missing/,
    ],
    [
      'no genotype',
      'retrain/config.json',
      set('genotype', 1),
      ['retrain', 'whole'],
      /genotype must be the text of a genotype/,
    ],
  ])('with %s cannot be resumed', async (_, file, damage, command, message) => {
    copyOf('damaged');
    damage(place('damaged', file));
    expectRefused(await nas(folder.path, ...command, '--out', 'damaged', '--resume'), message);
  });

  const readers = {
    'config.json': () => readSearchOptions(place('damaged')),
    'retrain/config.json': () => openTrained(place('damaged'), 'last'),
    'retrain/best.safetensors': () => openTrained(place('damaged'), 'best'),
  } as const;

  it.each<[string, keyof typeof readers, (file: string) => void, RegExp]>([
    ['half a file', 'config.json', write('{"options": {'), /config.json is not JSON/],
    ['null', 'config.json', write('null'), /config.json is of "undefined", expected .* a search/],
    ['no options', 'config.json', set('options', undefined), /options must be an object/],
    ['a missing option', 'config.json', options({ epochs: undefined }), /the option epochs is missing/],
    ['an unknown space', 'config.json', options({ space: 'outer' }), /space must be one of darts, simple/],
    [
      'an empty genotype',
      'retrain/config.json',
      set('genotype', 'Genotype()'),
      /normal_concat are both needed/,
    ],
    [
      'no shape',
      'retrain/config.json',
      set('dataset', { name: 'x', classes: [] }),
      /dataset must be \{name, classes, shape\}/,
    ],
    [
      'the run of a search',
      'retrain/config.json',
      set('command', 'search'),
      /is of "search", expected the run of a retrain/,
    ],
    [
      'another network',
      'retrain/config.json',
      options({ channels: 5 }),
      /does not fit the network: expected parameter/,
    ],
    [
      'half the weights',
      'retrain/best.safetensors',
      (file) => truncateSync(file, 5000),
      /is not a whole safetensors file/,
    ],
  ])('%s (%s) is refused', (_, file, damage, message) => {
    copyOf('damaged');
    damage(place('damaged', file));
    expect(readers[file]).toThrow(message);
    expect(readers[file]).toThrow(InputError);
  });

  it('is read or refused, whatever bytes are changed', () => {
    copyOf('damaged');
    const files = Object.keys(readers) as (keyof typeof readers)[];
    const changes = fc.array(fc.tuple(fc.nat(2000), fc.integer({ min: 32, max: 126 })), {
      minLength: 1,
      maxLength: 4,
    });
    fc.assert(
      fc.property(fc.constantFrom(...files), changes, (file, bytes) => {
        const whole = readFileSync(place('whole', file));
        const changed = Buffer.from(whole);
        for (const [at, value] of bytes) changed[at % changed.length] = value;
        writeFileSync(place('damaged', file), changed);
        try {
          readers[file]();
        } catch (error) {
          expect(error).toBeInstanceOf(InputError);
        } finally {
          writeFileSync(place('damaged', file), whole);
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe('evaluate and export', () => {
  it('take the data of the run, and refuse others', async () => {
    const own = await nasJson(folder.path, 'evaluate', 'whole');
    expect(own).toMatchObject({ images: 50, dataset: 'fashion-mnist-subset' });
    const larger = await nas(folder.path, 'evaluate', 'whole', '--image-size', '16');
    expectRefused(
      larger,
      /whole takes images of 28×28×1 in 10 classes, but the data set .* has images of 16×16×1 in 10 classes/,
    );
    const exported = await nas(folder.path, 'export', 'whole', '--onnx', 'x.onnx', '--image-size', '16');
    expectRefused(exported, /whole takes images of 28×28×1/);
    expect(existsSync(place('x.onnx'))).toBe(false);
  });

  it('give the same accuracy for the file as for the run, with softmax too', async () => {
    for (const softmax of [[], ['--softmax']]) {
      const onnx = ['--onnx', 'models/x/1/model.onnx', '--images', '50', ...softmax];
      const exported = await nasJson(folder.path, 'export', 'whole', ...onnx);
      expect(exported).toMatchObject({ onnx: 'models/x/1/model.onnx', verification: { images: 50 } });
      const file = ['evaluate', 'models/x/1/model.onnx', '--test-limit', '50', '--threads', '1'];
      expect((await nasJson(folder.path, ...file)).accuracy).toBe(exported.accuracy);
    }
    expect(text('models', 'x', '1', 'model.md')).toContain('verified | on 50 test images');
  });

  it('leave no file that does not compute what the network does', async () => {
    copyOf('not a number');
    const weights = place('not a number', 'retrain', 'best.safetensors');
    const bytes = readFileSync(weights);
    // All bits set are no number; the header's length stands first.
    writeFileSync(weights, bytes.fill(0xff, 8 + bytes.readUInt32LE(0)));
    const result = await nas(folder.path, 'export', 'not a number', '--onnx', 'nan/model.onnx');
    expectRefused(
      result,
      /the network's output for image 1 of 50 is NaN: its training has diverged; .*\n$/,
      1,
    );
    expect(existsSync(place('nan'))).toBe(false);
  });

  it('engines agree', async () => {
    const [a, b] = [
      await nasJson(folder.path, 'evaluate', 'whole'),
      await nasJson(folder.path, 'evaluate', 'whole', '--engine', 'tfjs-cpu'),
    ];
    expect(a).toEqual(b);
  });
});

it('the engine tfjs-cpu searches the same architecture', async () => {
  const small = withOptions(search, ['--image-size', '8', '--batch', '4', '--channels', '2']).filter(
    (word, i, words) => word !== '--threads' && words[i - 1] !== '--threads',
  );
  const [a, b] = await Promise.all(
    ['onnxruntime', 'tfjs-cpu'].map((engine) =>
      nasJson(folder.path, ...small, '--engine', engine, '--out', engine),
    ),
  );
  expect(a?.genotype).toBe(b?.genotype);
});

it('--no-flip and --resume are kept as they were', async () => {
  await nasJson(folder.path, ...search, '--no-flip', '--out', 'upright');
  const { options } = JSON.parse(text('upright', 'config.json'));
  expect(options).toMatchObject({ flip: false, space: smallSpace, threads: 1 });
  const flipped = await nas(folder.path, 'search', '--out', 'upright', '--resume', '--flip');
  expectRefused(flipped, /has --flip false; it cannot be resumed with true/);
});

/** A command with the values of some options replaced, or the options added. */
function withOptions(command: readonly string[], changes: readonly string[]): string[] {
  const result = [...command];
  for (let i = 0; i < changes.length; i += 2) {
    const [name, value] = changes.slice(i, i + 2) as [string, string];
    const at = result.indexOf(name);
    if (at < 0) result.push(name, value);
    else result[at + 1] = value;
  }
  return result;
}
