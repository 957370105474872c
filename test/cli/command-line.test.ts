/** The command line as it is typed: help, nonsense, pipes. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { linearModel, pairModel } from '../serve/onnx.ts';
import { expectRefused, nas, nasJson, newFolder, program, stackTrace } from './nas.ts';

let folder: Awaited<ReturnType<typeof newFolder>>;
beforeAll(async () => {
  folder = await newFolder();
  await writeFile(join(folder.path, 'file'), 'neither a genotype nor a model');
  await writeFile(
    join(folder.path, 'array.json'),
    '{"format": "onnx-nas/genotype", "version": 1, "normal": []}',
  );
  await writeFile(join(folder.path, 'linear.onnx'), linearModel());
  await writeFile(join(folder.path, 'two.onnx'), pairModel());
  await writeFile(join(folder.path, 'half.onnx'), linearModel().subarray(0, 60));
});
afterAll(() => folder.remove());

const commands = [
  'quickstart',
  'search',
  'select',
  'retrain',
  'export',
  'evaluate',
  'info',
  'compare',
  'report',
  'serve',
];

describe('help', () => {
  it('lists the commands', async () => {
    const { code, stdout, stderr } = await nas(folder.path, '--help');
    expect([code, stderr]).toEqual([0, '']);
    for (const command of commands) expect(stdout).toContain(`nas ${command}`);
  });

  it.each(commands)('nas %s --help describes each option and what happens without it', async (command) => {
    const { code, stdout, stderr } = await nas(folder.path, command, '--help');
    expect([code, stderr]).toEqual([0, '']);
    const options = stdout.split('\n').filter((line) => /^ +--[a-z]/.test(line));
    expect(options.length).toBeGreaterThan(2);
    // A description may go over two lines.
    for (const line of options) expect(line).toMatch(/^ +--[a-z0-9-]+ {2,}\S/);
    expect(stdout.match(/\[default: /g)?.length).toBeGreaterThan(1);
    expect(stdout).toContain('Examples:');
  });

  it('comes with the defaults of the paper', async () => {
    const { stdout } = await nas(folder.path, 'retrain', '--help');
    expect(stdout).toMatch(/--epochs .*\[default: 600\]/);
    expect(stdout).toMatch(/--flip .*\[default: yes\]/);
  });

  it('tells the defaults of the methods', async () => {
    const { stdout } = await nas(folder.path, 'search', '--help');
    const words = stdout.replaceAll(/\s+/g, ' ');
    expect(words).toMatch(/--batch [^[]*\[default: 64, pc-darts 256, /);
    expect(words).toMatch(/--partial-channels [^[]*\(pc-darts, drnas\) \[default: pc-darts 4, drnas 1\]/);
  });

  it('starts without loading what computes', () => {
    const seen = new Set<string>();
    const packages = new Set<string>();
    const visit = (file: string): void => {
      if (seen.has(file)) return;
      seen.add(file);
      for (const [, name = ''] of readFileSync(file, 'utf8').matchAll(/^(?:im|ex)port .*?from '([^']+)'/gm)) {
        if (name.startsWith('.')) visit(resolve(dirname(file), name));
        else packages.add(name);
      }
    };
    visit(program);
    const allowed = /^(node:|yargs)/;
    expect([...packages].filter((name) => !allowed.test(name))).toEqual([]);
  });
});

it('the version is that of the package', async () => {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  expect(await nas(folder.path, '--version')).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
});

const genotype = "Genotype(normal=[('none', 0)], normal_concat=[2], reduce=[], reduce_concat=[2])";

describe('what is wrong is said, and nothing done', () => {
  const faults: readonly (readonly [command: string, message: RegExp])[] = [
    ['', /^nas: say what to do: see nas --help\n$/],
    ['serach', /^nas: "serach" is no command; did you mean search\? \(see nas --help\)\n$/],
    ['deploy', /^nas: "deploy" is no command \(see nas --help\)\n$/],
    [
      'search --epoch 3',
      /^nas: nas search has no option --epoch; did you mean --epochs\? \(see nas search --help\)\n$/,
    ],
    ['search --nonsense', /has no option --nonsense \(see/],
    ['search -x', /has no option -x/],
    ['search x', /^nas: nas search does not take "x" \(see nas search --help\)\n$/],
    ['search --epochs', /^nas: --epochs needs a value/],
    ['search --epochs --json', /^nas: --epochs needs a value/],
    ['search --epochs=', /^nas: --epochs must be a whole number from 1, got ""\n$/],
    ['search --epochs ten', /^nas: --epochs must be a whole number from 1, got ten\n$/],
    ['search --epochs 3 --epochs 4', /^nas: --epochs is given 2 times; give it once\n$/],
    ['search --no-epochs', /^nas: --epochs must be a whole number from 1, got false\n$/],
    ['search --json=yes', /^nas: --json takes no value/],
    [
      'search --data nowhere',
      /nowhere: expected the name of a data set \(embedded, fashion-mnist\) or a folder/,
    ],
    ['search --out file', /cannot write file\/checkpoint.safetensors: .*file is no folder/],
    ['search --out nowhere --resume', /^nas: nowhere holds no run: config.json is missing\n$/],
    ['search --engine tfjs-cpu --threads 2', /--threads is for the engine onnxruntime/],
    ['search --engine tfjs-cpu --precision float16', /--precision float16 is for the engine onnxruntime/],
    ['search --order 2 --precision float16', /take --precision float32 or --order 1/],
    ['retrain darts_v2 --precision half', /--precision must be one of float32, float16, got half/],
    ['search --method pcdarts', /--method must be one of darts, pc-darts, gdas, .*, got pcdarts/],
    [
      'search --partial-channels 2',
      /^nas: --partial-channels belongs to the methods pc-darts and drnas; this search is by darts\n$/,
    ],
    [
      'search --method pc-darts --temperature 1',
      /--temperature belongs to the method gdas; this search is by pc-darts/,
    ],
    ['search --method gdas --temperature 0', /--temperature must be a number above 0, got 0/],
    ['search --method drnas --anchor-distance l1', /--anchor-distance must be one of l2, kl, got l1/],
    [
      'search --method pc-darts --channels 6',
      /--partial-channels must divide the channels, of which there are 6; got 4/,
    ],
    ['search --method random --epochs 3', /--epochs is not for the method random, .*: it reads .*--seed/],
    ['search --batch 9999', /expected at least one batch of 9999 images, found 5000/],
    ['search --eigenvalue-ratio 1', /^nas: --eigenvalue-ratio must be a number above 1, got 1\n$/],
    ['search --eigenvalue-window 3', /^nas: --eigenvalue-window is only read with --eigenvalue-stop\n$/],
    ['search --optimizer adam --momentum 0.5', /^nas: --momentum is only read with --optimizer sgd\n$/],
    [
      'search --alpha-optimizer sgd --alpha-beta1 0.3',
      /^nas: --alpha-beta1 is only read with --alpha-optimizer/,
    ],
    [
      'search --learning-rate 1e-4',
      /--learning-rate-min must be at most --learning-rate, which is 0.0001, got/,
    ],
    [
      'search --method gdas --temperature-min 11',
      /--temperature-min must be at most --temperature, which is 10/,
    ],
    ['search --method gdas --eigenvalue-stop', /--eigenvalue-stop is for methods .*: gdas draws them\n$/],
    [
      'search --eigenvalue-stop --epochs 16',
      /--eigenvalue-stop could not act: .* it needs 17 --epochs, got 16\n$/,
    ],
    ['search --projection-tune 1', /^nas: --projection-tune is only read with --select projection\n$/],
    [
      'search --alpha-warm-up 50',
      /α would be frozen in all 50 epochs: expected --alpha-warm-up below --epochs/,
    ],
    ['search --order 2 --optimizer adam', /take --optimizer sgd or --order 1\n$/],
    ['search --max-skips -1', /^nas: --max-skips must be a whole number from 0, got -1\n$/],
    ['search --method random --beta-decay 50', /--beta-decay is not for the method random/],
    ['retrain', /^nas: nas retrain needs a <genotype>/],
    ['retrain nonsense', /^nas: "nonsense" is no genotype, .*darts_v1, darts_v2, pc_darts_cifar/],
    ['retrain file', /file: expected "Genotype" at character 0/],
    ['retrain array.json', /array.json: "normal" must be \{"nodes"/],
    ['retrain .', /holds no genotype.json: is it the folder of a finished search\?/],
    ['retrain darts_v1 --resume', /runs\/darts_v1\/retrain holds no run/],
    ['info', /^nas: nas info needs a <genotype>/],
    ['info darts_v3', /"darts_v3" is no genotype/],
    ['info darts_v1 more', /does not take "more"/],
    ['export', /^nas: nas export needs a <run>/],
    ['export .', /say where to write the model: --onnx models\/NAME\/1\/model.onnx/],
    ['export . --onnx model.onnx', /holds no trained network: run "nas retrain \." first/],
    ['export nowhere --onnx model.onnx', /nowhere does not exist: expected the folder of a run/],
    ['export . --onnx model', /--onnx must name a file that ends in .onnx, got model/],
    ['export . --onnx file/model.onnx', /cannot write file\/model.onnx: .*file is no folder/],
    ['evaluate nowhere.onnx', /does not exist: expected a run's folder or an .onnx file/],
    ['evaluate file', /file cannot be loaded by onnxruntime/],
    ['evaluate half.onnx', /half.onnx cannot be loaded by onnxruntime/],
    ['evaluate two.onnx', /two.onnx: expected a model with one float32 input/],
    ['evaluate linear.onnx', /linear.onnx: expected an input \[N, channels, height, width\]/],
    ['evaluate linear.onnx --weights last', /--weights is for the folder of a run/],
    ['serve nowhere', /nowhere: no such file or folder/],
    ['serve .', /no models found; expected <model>\/<version>\/model.onnx/],
    ['serve half.onnx', /half.onnx: cannot read the model/],
    ['serve linear.onnx --port -1', /--port must be a port from 0 to 65535, got -1/],
    ['serve linear.onnx --instances 1000000', /--instances must be a whole number from 1 to 64, got 1000000/],
    ['search --channels 100000', /--channels must be a whole number from 1 to 4096, got 100000/],
    ['search --cells 1000000', /--cells must be a whole number from 1 to 1000, got 1000000/],
    ['search --seeds 1e9', /--seeds must be a whole number from 1 to 1000, got 1000000000/],
    ['search --seed 9007199254740991', /--seed must be a whole number from 0 to 4294967295/],
    ['quickstart --resume', /runs\/quickstart holds no run to resume/],
  ];

  it.each(faults)('nas %s', async (command, message) => {
    expectRefused(await nas(folder.path, ...command.split(' ').filter(Boolean)), message);
  });

  it('nas info Genotype(…)', async () => {
    expectRefused(await nas(folder.path, 'info', genotype), /expected two pairs a node, got 1 pairs/);
  });

  it('nothing was left behind', () => {
    for (const name of ['nowhere', 'model', 'model.onnx']) {
      expect(existsSync(join(folder.path, name))).toBe(false);
    }
  });
});

describe('a device that is not there', () => {
  it.each(['search', 'retrain darts_v1'])(
    'nas %s --device cuda says so and leaves nothing',
    async (command) => {
      const out = join(folder.path, 'cuda');
      const result = await nas(folder.path, ...command.split(' '), '--device', 'cuda', '--out', out);
      // Where there is a GPU, nothing is proven here, and nothing is wrong.
      if (result.code === 0) return;
      expectRefused(
        result,
        /^nas: the device cuda cannot be used here:\n(- .*\n {2}→ .*\n)+--device cpu works everywhere\n$/,
        1,
      );
      expect(existsSync(out)).toBe(false);
    },
  );
});

describe('info', () => {
  it('gives the size of published networks', async () => {
    expect(await nasJson(folder.path, 'info', 'darts_v2')).toMatchObject({
      parameters: 3_349_342,
      macs: 528_359_040,
      cells: 20,
    });
    const small = ['--channels', '4', '--cells', '2', '--height', '33', '--width', '27', '--classes', '3'];
    expect(await nasJson(folder.path, 'info', 'PC_DARTS_cifar', ...small)).toMatchObject({
      height: 33,
      classes: 3,
    });
  });

  it('prints a table for people', async () => {
    const { stdout } = await nas(folder.path, 'info', 'darts_v1');
    expect(stdout).toMatch(/^parameters {5}3169414\nmacs {11}\d+\n/);
  });
});

it.runIf(existsSync('/dev/full'))('a result that cannot be written is said', async () => {
  const full = openSync('/dev/full', 'w');
  const child = spawn(process.execPath, [program, 'info', 'darts_v2'], { stdio: ['ignore', full, 'pipe'] });
  let stderr = '';
  child.stderr?.on('data', (data) => {
    stderr += data;
  });
  const [code] = await once(child, 'close');
  closeSync(full);
  expect(stderr).toMatch(/^nas: the result cannot be written: ENOSPC.*\n$/);
  expect(code).toBe(1);
});

it('a pipe that is closed early is no error', async () => {
  const shell = promisify(execFile);
  const nasCommand = `'${process.execPath}' '${program}'`;
  const { stderr } = await shell('sh', ['-c', `${nasCommand} info darts_v1 --json | head -c 0`]);
  expect(stderr).toBe('');
  const quiet = await shell('sh', [
    '-c',
    `${nasCommand} info nonsense 2>&1 >/dev/null | head -c 0; echo end`,
  ]);
  expect(quiet.stdout).toBe('end\n');
  expect(quiet.stderr).not.toMatch(stackTrace);
});
