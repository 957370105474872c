/**
 * Builds tfjs-node's addon against a current libtensorflow (docs/tensorflow.md): the published addon is of 2022 and its
 * GPU flavour needs CUDA 11.2. The addon's sources are in the npm package, headers and libraries in TensorFlow's wheel
 * for Python; nothing of Python is needed afterwards.
 *
 *   node scripts/build-tfjs-node.js [--package NAME] [--tensorflow DIR] [--python PATH]
 *
 * --package     @tensorflow/tfjs-node (default) or @tensorflow/tfjs-node-gpu; installed where it is not
 * --tensorflow  the folder `tensorflow` of an installed wheel; default: tensorflow-cpu is fetched with pip
 * --python      the Python whose pip fetches it; default: python3
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

const wheel = 'tensorflow-cpu==2.21.0';
const packages = ['@tensorflow/tfjs-node', '@tensorflow/tfjs-node-gpu'];
const libraries = ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'];
/** The newest version of Node-API that the package looks for. */
const napi = 8;

/** @param code 2 for bad input */
const fail = (message, code = 1) => {
  console.error(`build-tfjs-node: ${message}`);
  process.exit(code);
};

/** Runs a program, showing what it says; a failure of it is ours. */
const run = (program, args, advice) => {
  console.error(`> ${program} ${args.join(' ')}`);
  try {
    execFileSync(program, args, { stdio: ['ignore', 2, 2] });
  } catch (error) {
    fail(`${program} failed${error.code === 'ENOENT' ? ': it is not installed' : ''}; ${advice}`);
  }
};

const options = readOptions();
const given = options.tensorflow && checked(resolve(options.tensorflow));
const headers = nodeHeaders();
const folder = findPackage(options.package) ?? installPackage(options.package);
const tensorflow = given ?? fetchTensorflow();
compile();
verify();

function readOptions() {
  let values;
  try {
    const text = { type: 'string' };
    ({ values } = parseArgs({ options: { package: text, tensorflow: text, python: text } }));
  } catch (error) {
    fail(`${error.message}; expected [--package NAME] [--tensorflow DIR] [--python PATH]`, 2);
  }
  const { package: name = packages[0], tensorflow, python = 'python3' } = values;
  if (!packages.includes(name)) fail(`--package must be ${packages.join(' or ')}, got ${name}`, 2);
  if (process.platform !== 'linux')
    fail(`the wheels that this builds against are those for Linux; this is ${process.platform}`);
  return { package: name, tensorflow, python };
}

function findPackage(name) {
  try {
    return dirname(createRequire(resolve('package.json')).resolve(`${name}/package.json`));
  } catch {
    return undefined;
  }
}

/** Without its install script, which fetches the old libtensorflow. */
function installPackage(name) {
  const core = createRequire(resolve('package.json'))('@tensorflow/tfjs/package.json').version;
  console.error(`${name} is not installed; it is now, without an entry in package.json`);
  // As if it were a development dependency: npm leaves out optional peers, also those that are named.
  const args = ['install', '--no-save', '--save-dev', '--ignore-scripts', `${name}@${core}`];
  run('npm', args, 'see what it says above');
  return findPackage(name) ?? fail(`npm has not installed ${name}`);
}

function nodeHeaders() {
  const include = resolve(dirname(process.execPath), '../include/node');
  if (existsSync(join(include, 'node_api.h'))) return include;
  return fail(
    `Node's headers are not at ${include}: use Node from nodejs.org, or install libnode-dev on Debian`,
  );
}

function checked(directory) {
  const missing = [...libraries, 'include/tensorflow/c/c_api.h'].find(
    (file) => !existsSync(join(directory, file)),
  );
  if (!missing) return directory;
  return fail(
    `${directory} has no ${missing}; expected the folder "tensorflow" of an installed TensorFlow`,
    2,
  );
}

/** What the addon needs of the wheel, unpacked in the package itself. */
function fetchTensorflow() {
  const target = join(folder, 'deps');
  const directory = join(target, 'tensorflow');
  if (existsSync(join(directory, libraries[0]))) return checked(directory);
  const temporary = mkdtempSync(join(tmpdir(), 'nas-wheel-'));
  try {
    // Any Python's pip does: the version named here is one that the wheel exists for.
    const args = ['-m', 'pip', 'download', '--no-deps', '--only-binary=:all:', '--python-version=3.11'];
    run(
      options.python,
      [...args, '--dest', temporary, wheel],
      'or give --tensorflow DIR of an installed one',
    );
    const [file] = readdirSync(temporary);
    mkdirSync(target, { recursive: true });
    const unpack = `
import sys, zipfile
names = zipfile.ZipFile(sys.argv[1])
wanted = tuple('tensorflow/' + name for name in sys.argv[3:])
names.extractall(sys.argv[2], [name for name in names.namelist() if name.startswith(wanted)])`;
    const parts = ['include/', ...libraries];
    run(
      options.python,
      ['-c', unpack, join(temporary, file), target, ...parts],
      'is the disk full? 0.9 GB are needed',
    );
  } finally {
    rmSync(temporary, { recursive: true });
  }
  return checked(directory);
}

function compile() {
  const output = join(folder, `lib/napi-v${napi}`);
  mkdirSync(output, { recursive: true });
  // Inside the package the libraries are found wherever it is moved to.
  const place = given ? tensorflow : '$ORIGIN/../../deps/tensorflow';
  run(
    process.env.CXX ?? 'g++',
    [
      ...['-std=c++17', '-O2', '-fPIC', '-shared', `-DNAPI_VERSION=${napi}`],
      ...['-I', folder, '-I', headers, '-I', join(tensorflow, 'include')],
      ...['tfjs_backend.cc', 'tfjs_binding.cc'].map((file) => join(folder, 'binding', file)),
      ...['-o', join(output, 'tfjs_binding.node'), '-L', tensorflow],
      ...libraries.map((name) => `-l:${name}`),
      `-Wl,-rpath,${place}`,
    ],
    'a C++17 compiler is needed: apt-get install g++',
  );
}

/** Loads what was built in a fresh process, and computes with it. */
function verify() {
  const util = '{ isArray: Array.isArray, isNullOrUndefined: (x) => x == null }';
  const code = `
const util = require('node:util');
for (const [name, value] of Object.entries(${util})) util[name] ??= value;
const tf = require(${JSON.stringify(folder)});
tf.enableProdMode();
const { binding, isUsingGpuDevice } = tf.backend();
const [four] = tf.matMul(tf.ones([1, 4]), tf.ones([4, 1])).dataSync();
if (four !== 4) throw new Error('1·1 + 1·1 + 1·1 + 1·1 = ' + four);
console.log('libtensorflow ' + binding.TF_Version + ', ' + (isUsingGpuDevice ? 'gpu' : 'cpu'));`;
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  try {
    const env = { TF_CPP_MIN_LOG_LEVEL: '1', ...process.env };
    const said = execFileSync(process.execPath, ['-e', code], { env, encoding: 'utf8' }).trim();
    console.log(`${options.package} ${version} works with ${said}: nas search --engine tensorflow`);
  } catch (error) {
    fail(`the addon was built and does not work: ${error.stderr ?? error.message}`);
  }
}
