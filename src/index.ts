/**
 * onnx-nas as a library: from tfjs functions to ONNX graphs, and from a set of images to a served ONNX model.
 *
 * The command `nas` is made of the same functions.
 */

// biome-ignore-all assist/source/organizeImports: the exports are in the order of the topics.

/**
 * Tracing: any tfjs function, gradients included, as an ONNX graph. A named dimension (`'N'`) stays open.
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs';
 * import { float32, printGraph, serialize, trace } from 'onnx-nas';
 *
 * const graph = trace(({ x, w }) => ({ y: tf.relu(tf.matMul(x, w)) }), {
 *   x: float32('N', 3),
 *   w: float32(3, 2),
 * });
 * console.log(printGraph(graph)); // graph graph(x: float32[N,3], w: float32[3,2]) -> (y: float32[N,2]) …
 * const file: Uint8Array = serialize(graph); // the content of an .onnx file
 * ```
 *
 * @example A training step is a function too.
 * ```ts
 * import * as tf from '@tensorflow/tfjs';
 * import { float32, printGraph, trace } from 'onnx-nas';
 *
 * const loss = (w: tf.Tensor, x: tf.Tensor) => tf.mean(tf.square(tf.matMul(x, w))).asScalar();
 * const step = trace(
 *   ({ w, x }) => {
 *     const gradient = tf.grad((weights) => loss(weights, x))(w);
 *     return { next: tf.sub(w, tf.mul(gradient, 0.1)) };
 *   },
 *   { w: float32(3, 2), x: float32(4, 3) },
 *   { name: 'step' },
 * );
 * console.log(printGraph(step));
 * ```
 */
export { type TraceOptions, trace } from './trace/trace.ts';
export type { Device } from './trace/device.ts';
export { LoweringError } from './trace/backend.ts';
export {
  type FunctionOf,
  float32,
  int32,
  type Signature,
  type TensorFunction,
  type TensorSpec,
  type Tensors,
} from './signature.ts';
export type { Graph } from './onnx/ir.ts';
export { optimize, optimizeForInference } from './onnx/passes/index.ts';
export { printGraph } from './onnx/print.ts';
export { type SerializeOptions, serialize } from './onnx/serde.ts';

/**
 * Engines: what runs such a function many times, compiled to one graph by onnxruntime or eagerly by tfjs; and
 * onnxruntime as an interactive backend of tfjs. Devices: what onnxruntime computes on, and what a machine has of them.
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs';
 * import { float32, onnxruntimeEngine, tfjsEngine } from 'onnx-nas';
 *
 * for (const engine of [await onnxruntimeEngine({ threads: 1 }), await tfjsEngine('cpu')]) {
 *   const double = await engine.compile(({ x }) => ({ y: tf.mul(x as tf.Tensor, 2) }), { x: float32(3) }, 'double');
 *   const { y } = await double.run({ x: Float32Array.of(1, 2, 3) });
 *   console.log(engine.name, y); // Float32Array [2, 4, 6]
 *   await double.dispose();
 * }
 * ```
 *
 * @example
 * ```ts
 * import { autoDevice, inspectDevice, onnxruntimeEngine } from 'onnx-nas';
 *
 * const { problems } = await inspectDevice('cuda'); // [{ what: 'no NVIDIA driver …', remedy: 'install …' }, …]
 * const { device, reason } = await autoDevice();
 * const chosen = await onnxruntimeEngine({ provider: device });
 * console.log(chosen.name, reason, problems.length);
 * ```
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs';
 * import { registerOnnxBackend } from 'onnx-nas';
 *
 * registerOnnxBackend();
 * await tf.setBackend('onnx');
 * console.log(await tf.tensor([1, 2]).square().data()); // Float32Array [1, 4]
 * ```
 */
export type { Compiled, Elements, Engine, Feeds, Program, Run, Task } from './engine/engine.ts';
export { autoDevice, type DeviceName, inspectDevice, type Verdict } from './devices/index.ts';
export { measurePlacement, type Placement } from './engine/placement.ts';
export { type OnnxruntimeOptions, onnxruntimeEngine, registerOnnxBackend } from './engine/onnxruntime.ts';
export { type TfjsBackend, tfjsEngine } from './engine/tfjs.ts';

/**
 * Data sets: `embedded`, `fashion-mnist`, or a folder (images by class, IDX, CIFAR).
 *
 * @example
 * ```ts
 * import { loadDataset } from 'onnx-nas';
 *
 * const { classes, shape, train } = await loadDataset('embedded', { limit: { train: 100, test: 50 } });
 * console.log(classes, shape, train.count); // ['T-shirt/top', …] { channels: 1, height: 28, width: 28 } 100
 * ```
 */
export {
  type Dataset,
  datasetNames,
  type ImageShape,
  type LoadOptions,
  loadDataset,
  type Normalization,
  type Split,
} from './data/index.ts';

/**
 * Genotypes: architectures as values, in the text form of the literature and as JSON.
 *
 * @example
 * ```ts
 * import { formatGenotype, loadGenotype, networkCost, parseGenotype, publishedNames } from 'onnx-nas';
 *
 * console.log(publishedNames()); // ['darts_v1', 'darts_v2', 'pc_darts_cifar']
 * const genotype = loadGenotype('darts_v2');
 * const same = parseGenotype(formatGenotype(genotype));
 * const shape = { imageChannels: 3, height: 32, width: 32, classes: 10 };
 * console.log(networkCost(same, { channels: 36, cells: 20, ...shape })); // { parameters: 3349342, macs: 528359040 }
 * ```
 */
export {
  type CellGenotype,
  type ChainGenotype,
  cellsOf,
  type DartsGenotype,
  type Edge,
  formatGenotype,
  type Genotype,
} from './search/genotype.ts';
export { genotypeFromJson, genotypeToJson, loadGenotype, publishedNames } from './search/genotype-file.ts';
export { parseGenotype } from './search/genotype-text.ts';
export { deriveGenotype } from './search/derive.ts';
export { type Strengths, softmaxStrengths } from './search/strengths.ts';
export { type LearningMethodName, type MethodName, methodNames } from './search/method-names.ts';
export { randomGenotype } from './search/methods/random.ts';
export { type OperationName, operationNames } from './search/operation-names.ts';
export {
  openSpace,
  type SearchSpace,
  type SpaceContent,
  type SpaceName,
  searchSpace,
  spaceFromContent,
  spaceNames,
} from './search/spaces.ts';
export { type NetworkCost, networkCost } from './export/cost.ts';

/**
 * Budgets: what the candidates of a space cost, counted or measured, and the strongest genotype within a limit. `search`
 * takes a `Budget` in its setting.
 *
 * @example
 * ```ts
 * import { type Budget, countedTable, deriveWithin, networkCost, parseBudget, searchSpace } from 'onnx-nas';
 *
 * const space = searchSpace('nas-bench-201');
 * const size = { channels: 16, cells: 17, imageChannels: 3, height: 32, width: 32, classes: 10 };
 * const table = countedTable(space, size, 'macs');
 * const budget: Budget = { ...parseBudget('macs=60M'), table, weight: 1 };
 * const strengths = table.edges.map((edges) => edges.map((row) => row.map((macs) => Math.sqrt(macs))));
 * console.log(networkCost(deriveWithin(strengths, space, budget), size)); // { parameters: …, macs: at most 60e6 }
 * ```
 */
export { type Budget, type CostTable, costOf, expectedCost } from './search/budget.ts';
export { type CostName, type Limit, parseBudget } from './search/budget-text.ts';
export { costRange, deriveWithin } from './search/derive-within.ts';
export { countedTable } from './cost/table.ts';
export { type LatencyFile, latencyFromJson, latencyTable, profile } from './cost/latency.ts';
export type { NetworkSize } from './retrain/network.ts';

/**
 * The pipeline: search → retrain → export → verify → serve. The defaults are the paper's, made for days on a GPU.
 *
 * @example
 * ```ts
 * import { mkdirSync, writeFileSync } from 'node:fs';
 * import {
 *   inferenceGraph,
 *   loadDataset,
 *   modelBytes,
 *   onnxruntimeEngine,
 *   retrain,
 *   retrainDefaults,
 *   search,
 *   searchDefaults,
 *   serve,
 *   verifyModel,
 *   version,
 * } from 'onnx-nas';
 *
 * const dataset = await loadDataset('embedded', { limit: { train: 200, test: 100 } });
 * const engine = await onnxruntimeEngine();
 * const small = { channels: 4, cells: 2, epochs: 1, batch: 8, maxSteps: 2 };
 *
 * const { genotype } = await search(dataset, { ...searchDefaults, ...small }, { engine });
 * const options = { ...retrainDefaults, ...small, auxiliaryWeight: 0 };
 * const trained = await retrain(genotype, dataset, options, {
 *   engine,
 *   observer: { onEpoch: (record) => console.log(record) },
 * });
 *
 * const { network, last: weights, normalization, accuracy } = trained;
 * const graph = inferenceGraph(network, weights, normalization, dataset.shape);
 * const bytes = modelBytes(graph, {
 *   labels: dataset.classes,
 *   image: dataset.shape,
 *   normalization,
 *   genotype: JSON.stringify(genotype),
 *   dataset: dataset.name,
 *   accuracy,
 *   version,
 * });
 * const proof = { engine, network, weights, normalization, dataset, softmax: false, images: 100 };
 * console.log(await verifyModel(bytes, proof)); // { images: 100, maxDifference: 3e-7, accuracy: … }
 *
 * mkdirSync('models/mine/1', { recursive: true });
 * writeFileSync('models/mine/1/model.onnx', bytes);
 * const server = await serve('models', { port: 0 });
 * console.log(await (await fetch(`${server.url}/v2/models/mine`)).json());
 * await server.close();
 * ```
 */
export { type SearchOptions, searchDefaults } from './search/options.ts';
export { type MethodOptions, searchDefaultsOf } from './search/method-options.ts';
export { type SearchResult, type SearchSetting, search } from './search/search.ts';
export { type RetrainOptions, retrainDefaults } from './retrain/options.ts';
export { type RetrainResult, type RetrainSetting, retrain } from './retrain/retrain.ts';
export type { Network } from './retrain/network.ts';
export type { Weights } from './retrain/weights.ts';
export type { EpochRecord, Observer, StepReport } from './runs/epochs.ts';
export { openRun, type RunFolder, withRun } from './runs/run-folder.ts';
export { type ExportOptions, inferenceGraph, modelBytes } from './export/model.ts';
export { type Verification, verifyModel } from './export/verify.ts';
export type { ModelMetadata } from './onnx/metadata.ts';
export { type ServeOptions, type Server, serve } from './serve/index.ts';

/**
 * Runs side by side, and as reports: `readRun` takes any folder that `nas search`, `select` or `retrain` has written.
 *
 * @example
 * ```ts
 * import { writeFileSync } from 'node:fs';
 * import {
 *   drawGenotype,
 *   loadDataset,
 *   onnxruntimeEngine,
 *   openRun,
 *   readRun,
 *   reportHtml,
 *   reportOf,
 *   search,
 *   searchDefaults,
 *   summarize,
 *   version,
 * } from 'onnx-nas';
 *
 * const dataset = await loadDataset('embedded', { limit: { train: 100, test: 50 } });
 * const options = { ...searchDefaults, method: 'random', seed: 3 } as const;
 * const folder = openRun(`runs/random-${process.pid}`, false);
 * folder.writeConfig({ command: 'search', version, options });
 * await search(dataset, options, { engine: await onnxruntimeEngine(), folder });
 *
 * const run = readRun(folder.path);
 * const rows = summarize(run);
 * console.log(rows); // [{ run: 'runs/random-…', kind: 'search', method: 'random', space: 'darts', seeds: [3], … }]
 * writeFileSync(`${folder.path}/report.html`, reportHtml(reportOf(run, rows)));
 * console.log(Object.keys(drawGenotype(run.genotype ?? ''))); // SVG of the cells: ['normal', 'reduce']
 * ```
 */
export { type RunRecord, readRun } from './comparison/records.ts';
export { type Latencies, summarize } from './comparison/summary.ts';
export { measureLatencies } from './comparison/latency.ts';
export { reportOf } from './comparison/report.ts';
export type { Report, RunSummary } from './report/data.ts';
export { reportHtml } from './report/page.ts';
export { summaryTable, type Table } from './report/summary-table.ts';
export { drawGenotype } from './report/genotype-drawings.ts';
export { type Spread, spreadOf } from './spread.ts';
export { holdOut } from './data/index.ts';

/** Thrown for input that cannot be used, and where good input fails all the same. */
export { FailureError, InputError } from './errors.ts';

export { version } from './version.ts';
