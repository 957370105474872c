/** libtensorflow for tfjs: an optional package, which is found, mended for newer Nodes and loaded. */
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import util from 'node:util';
import { FailureError, messageOf } from '../errors.ts';
import { tf } from '../tfjs.ts';

/** The packages that bring tfjs's `tensorflow` backend, in order of preference. */
const packages = ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node'];

/** Builds the addon of either package. */
const script = fileURLToPath(new URL('../../scripts/build-tfjs-node.js', import.meta.url));

/** What was loaded, for people: `libtensorflow 2.21.0, cpu`. */
let loaded: string | undefined;

/**
 * Registers tfjs's `tensorflow` backend; the present one stays the present one.
 *
 * @returns version and device of libtensorflow
 * @throws FailureError where no package is installed, or none loads
 */
export async function loadTensorflow(): Promise<string> {
  loaded ??= await load();
  return loaded;
}

async function load(): Promise<string> {
  Object.assign(util, outdated);
  // Warnings and errors; libtensorflow tells the console of the processor's features otherwise.
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '1';
  const former = tf.getBackend();
  const failures: string[] = [];
  for (const name of packages) {
    try {
      await import(name);
    } catch (error) {
      failures.push(`${name} ${explain(name, error)}`);
      continue;
    }
    const description = describe();
    if (description === undefined) {
      failures.push(
        `${name} belongs to another copy of @tensorflow/tfjs: install it with ${tf.version.tfjs}`,
      );
      continue;
    }
    // The packages make their backend the present one.
    if (former) await tf.setBackend(former);
    return description;
  }
  throw new FailureError(
    `the engine tensorflow needs ${packages.join(' or ')}; docs/tensorflow.md says how to install it\n` +
      failures.join('\n'),
  );
}

/** What tfjs-node calls of `node:util` and newer Nodes warn of, or have removed (23). */
const outdated = {
  isArray: Array.isArray,
  isNullOrUndefined: (value: unknown): boolean => value === null || value === undefined,
};

/** The parts of tfjs-node's backend that say what it is. */
interface NodeBackend {
  readonly binding?: { readonly TF_Version?: string };
  readonly isUsingGpuDevice?: boolean;
}

function describe(): string | undefined {
  const backend = tf.findBackend('tensorflow') as NodeBackend | null;
  if (!backend) return undefined;
  const device = backend.isUsingGpuDevice ? 'gpu' : 'cpu';
  return `libtensorflow ${backend.binding?.TF_Version ?? 'of unknown version'}, ${device}`;
}

/** Why a package does not load, and what mends it. */
function explain(name: string, error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  const message = messageOf(error).split('\n')[0] as string;
  if (code === 'ERR_MODULE_NOT_FOUND' && message.includes(`'${name}'`)) return 'is not installed';
  const build = `build it: node ${relative('', script)} --package ${name}`;
  if (code === 'ERR_DLOPEN_FAILED') return `has an addon that does not load (${message}); ${build}`;
  if (message.includes('tfjs_binding.node')) return `is installed without its addon; ${build}`;
  return `does not load: ${message}`;
}
