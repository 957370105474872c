/** One table of the commands' options: what each means and which values it takes. */
import { count, countTo, flag, type Kind, nonNegative, oneOf, text, threads } from '../kinds.ts';
import { retrainOptionKinds } from '../retrain/option-kinds.ts';
import { retrainDefaults } from '../retrain/options.ts';
import { budgetForm, isBudget } from '../search/budget-text.ts';
import { type MethodOptions, methodOptions } from '../search/method-options.ts';
import { searchOptionKinds } from '../search/option-kinds.ts';
import { type SearchOptions, searchDefaults } from '../search/options.ts';
import { spaceNames } from '../search/spaces.ts';
import { modelNumberKinds, serveOptionKinds } from '../serve/option-kinds.ts';

export interface Option<T> extends Kind<T> {
  readonly describe: string;
}

const kinds = { ...searchOptionKinds, ...retrainOptionKinds, ...serveOptionKinds };

const budget: Kind<string> = {
  expected: budgetForm,
  read: (word) => word,
  accepts: (value): value is string => typeof value === 'string' && isBudget(value),
};

/** What an option is, with its words where they are few. */
const described = ({ choices }: Kind<unknown>, describe: string): string =>
  choices ? `${describe}: ${choices.join(', ')}` : describe;

const option = <T>(kind: Kind<T>, describe: string): Option<T> => ({
  ...kind,
  describe: described(kind, describe),
});

/** An option that some search methods have. */
const methodOption = <Name extends keyof MethodOptions>(name: Name, describe: string) => ({
  ...kinds[name],
  describe: `${described(kinds[name], describe)} (${methodOptions.get(name)?.join(', ')})`,
});

/** The options by the sections of the help. Names are those of the option objects. */
export const sections = {
  Data: {
    data: option(text, 'a data set: a folder, embedded or fashion-mnist'),
    imageSize: option(countTo(8192), 'resize images to this many pixels a side'),
    trainLimit: option(count, 'use at most this many training images'),
    testLimit: option(count, 'use at most this many test images'),
  },
  Network: {
    method: option(kinds.method, 'the search method'),
    space: option(kinds.space, `the search space: ${spaceNames.join(', ')}, or a JSON file of your own`),
    channels: option(kinds.channels, 'channels of the first cells'),
    cells: option(kinds.cells, 'cells of the network'),
    classes: option(countTo(1_000_000), 'classes'),
    imageChannels: option(countTo(4096), 'channels of an image'),
    height: option(countTo(65_536), 'height of an image'),
    width: option(countTo(65_536), 'width of an image'),
  },
  Training: {
    order: option(kinds.order, 'gradient of α, first order or through an unrolled step'),
    epochs: option(kinds.epochs, 'epochs'),
    batch: option(kinds.batch, 'images in a batch'),
    seed: option(kinds.seed, 'the seed of everything random'),
    seeds: option(countTo(1000), 'run with this many seeds, from --seed on'),
    precision: option(kinds.precision, 'what the network computes in; weights are float32'),
    optimizer: option(kinds.optimizer, 'optimizer of the weights'),
    alphaOptimizer: option(kinds.alphaOptimizer, 'optimizer of α'),
    learningRate: option(kinds.learningRate, 'initial learning rate of the weights (cosine)'),
    learningRateMin: option(kinds.learningRateMin, 'final learning rate of the weights'),
    momentum: option(kinds.momentum, 'momentum of the weights'),
    weightDecay: option(kinds.weightDecay, 'weight decay of the weights'),
    gradientClip: option(kinds.gradientClip, "largest norm of the weights' gradient"),
    alphaLearningRate: option(kinds.alphaLearningRate, 'learning rate of α'),
    alphaBeta1: option(kinds.alphaBeta1, "Adam's β₁ for α"),
    alphaBeta2: option(kinds.alphaBeta2, "Adam's β₂ for α"),
    alphaWeightDecay: option(kinds.alphaWeightDecay, 'weight decay of α'),
    trainPortion: option(
      kinds.trainPortion,
      'part of the training images for the weights; the rest is for α',
    ),
    dropPath: option(kinds.dropPath, 'drop-path probability in the last epoch'),
    auxiliaryWeight: option(kinds.auxiliaryWeight, "weight of the auxiliary head's loss; 0: no head"),
    crop: option(kinds.crop, 'random crop after padding by this many pixels; 0: none'),
    flip: option(kinds.flip, 'mirror images at random; --no-flip: do not'),
    cutout: option(kinds.cutout, 'side of the square that cutout blanks; 0: none'),
    maxSteps: option(kinds.maxSteps, 'end each epoch after this many steps, for trials; 0: never'),
    evaluateEvery: option(kinds.evaluateEvery, 'measure the test accuracy after every so many epochs'),
  },
  Guards: {
    betaDecay: option(
      kinds.betaDecay,
      "weight of β-decay, a growing penalty on α; the authors' is 50; 0: none",
    ),
    alphaWarmUp: option(kinds.alphaWarmUp, 'keep α frozen in the first so many epochs'),
    maxSkips: option(
      kinds.maxSkips,
      'end the search before the normal cell holds more skip connections than this; 0: never',
    ),
    eigenvalueStop: option(
      kinds.eigenvalueStop,
      'end the search, and go back, when the dominant eigenvalue of the Hessian of α grows',
    ),
    eigenvalueWindow: option(kinds.eigenvalueWindow, 'epochs that the eigenvalue is averaged over'),
    eigenvalueRatio: option(
      kinds.eigenvalueRatio,
      'growth of that average from one window to the next that ends the search',
    ),
    eigenvalueStart: option(kinds.eigenvalueStart, 'the first epoch, from 0, that it may go back to'),
    select: option(kinds.select, 'what a candidate counts by, its strength or what its removal costs'),
    projectionTune: option(kinds.projectionTune, 'epochs of tuning between two rounds of the projection'),
    projectionBatches: option(
      kinds.projectionBatches,
      "batches that the projection tries each candidate on; 0: all of α's half",
    ),
  },
  Methods: {
    partialChannels: methodOption('partialChannels', 'the operations see one in so many channels'),
    temperature: methodOption('temperature', 'temperature of the sampling in the first epoch'),
    temperatureMin: methodOption('temperatureMin', 'temperature of the sampling in the last epoch'),
    anchorDistance: methodOption('anchorDistance', 'distance of the Dirichlet from the uniform one'),
    anchorWeight: methodOption('anchorWeight', 'weight of that distance in the loss of α'),
    zeroOneWeight: methodOption('zeroOneWeight', 'weight of the zero-one loss'),
  },
  Budget: {
    budget: option(budget, 'what the found network may cost: macs=50M, parameters=1.5M or latency=5ms'),
    costWeight: option(nonNegative, "weight of the budget's excess in the loss of α"),
    latencyTable: option(text, 'file of measured latencies, as nas profile writes it'),
    budgetChannels: option(kinds.channels, 'channels of the network that the budget is for'),
    budgetCells: option(kinds.cells, 'cells of the network that the budget is for'),
  },
  Model: {
    onnx: option(text, 'the file to write, e.g. models/NAME/1/model.onnx'),
    softmax: option(flag, 'output probabilities instead of logits'),
    weights: option(oneOf(['best', 'last']), 'which weights of the run to use'),
    images: option(count, 'test images to verify the file on'),
    samples: option(flag, 'a test image of each class beside the file, to try it on; --no-samples: none'),
  },
  Machine: {
    device: option(oneOf(['auto', 'cpu', 'cuda', 'webgpu']), 'what to compute on'),
    engine: option(oneOf(['onnxruntime', 'tensorflow', 'tfjs-cpu']), 'what computes'),
    threads: option(threads, 'threads of an operator'),
  },
  Serving: {
    port: option(kinds.port, 'port; 0: any free one'),
    host: option(kinds.host, 'address to listen on; 0.0.0.0: all of this machine'),
    instances: option(modelNumberKinds.instances, 'sessions of each model, side by side'),
    maxBatchSize: option(modelNumberKinds.maxBatchSize, 'largest batch that requests are joined to; 0: none'),
    maxQueueDelay: option(
      modelNumberKinds.maxQueueDelayMs,
      'milliseconds that a request waits for others to join it',
    ),
    adaptiveDelay: option(flag, 'fit that wait to the traffic, up to --max-queue-delay'),
    maxQueueSize: option(
      modelNumberKinds.maxQueueSize,
      'requests that may wait for a model; more are answered with 503',
    ),
    timeout: option(modelNumberKinds.defaultTimeoutMs, 'milliseconds that a request may wait to be run'),
    poll: option(kinds.poll, 'look for new, changed and removed models every so many seconds'),
    tokenFile: option(kinds.tokenFile, 'file with the bearer token that clients have to send'),
    tlsCert: option(kinds.tlsCert, 'file with the certificate for HTTPS (PEM)'),
    tlsKey: option(kinds.tlsKey, "file with the certificate's private key (PEM)"),
    bodyLimit: option(kinds.bodyLimit, 'largest request body, in bytes'),
    requestTimeout: option(kinds.requestTimeout, 'seconds that a client has to send a request'),
    drainTimeout: option(kinds.drainTimeout, 'seconds to finish requests in when stopped'),
    log: option(kinds.log, 'write every request to stderr as a line of JSON'),
  },
  Result: {
    latency: option(flag, "measure the networks' latency in onnxruntime, one image at a time"),
    svg: option(flag, 'write the drawings of the cells alone'),
  },
  Run: {
    out: option(text, 'the folder of the run'),
    resume: option(flag, 'continue the run in --out from its checkpoint'),
    json: option(flag, 'print the result as one JSON object'),
  },
} as const;

const rows = {
  ...sections.Data,
  ...sections.Network,
  ...sections.Training,
  ...sections.Guards,
  ...sections.Methods,
  ...sections.Budget,
  ...sections.Model,
  ...sections.Machine,
  ...sections.Serving,
  ...sections.Result,
  ...sections.Run,
};

export type OptionName = keyof typeof rows;

type ValueOf<Row> = Row extends Option<infer T> ? T : never;

/** What each option's value is. */
export type OptionValues = { readonly [Name in OptionName]: ValueOf<(typeof rows)[Name]> };

/** Those of some options that were given. */
export type Given<Name extends OptionName> = Partial<Pick<OptionValues, Name>>;

/** A row of the table, whatever its values are. */
export const optionOf = (name: OptionName): Option<unknown> => rows[name];

/** How an option is written: `imageSize` is `image-size`. */
export const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** How an option is given: `imageSize` by `--image-size`. */
export const flagOf = (name: string): string => `--${kebab(name)}`;

/** The section of the help that an option belongs to. */
export const sectionOf = (name: OptionName): string =>
  Object.entries(sections).find(([, options]) => Object.hasOwn(options, name))?.[0] as string;

const namesOf = <T extends object>(table: T): readonly (keyof T)[] => Object.keys(table) as (keyof T)[];

/** Names of the options of the paper's two stages, in the order of their objects. */
export const searchOptionNames: readonly (keyof SearchOptions)[] = [
  ...namesOf(searchDefaults),
  ...methodOptions.keys(),
];
export const retrainOptionNames: readonly (keyof typeof retrainDefaults)[] = namesOf(retrainDefaults);
export const dataOptionNames = namesOf(sections.Data);
export const deviceOptionNames = ['device', 'engine', 'threads'] as const satisfies readonly OptionName[];
