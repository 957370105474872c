/** Budgets as they are written: `macs=50M`, `parameters=1.5M`, `latency=5ms`. */
import { InputError } from '../errors.ts';

const costNames = ['macs', 'parameters', 'latency'] as const;

/** What a budget limits: multiply–accumulates, trainable weights, or milliseconds for one image. */
export type CostName = (typeof costNames)[number];

export interface Limit {
  readonly cost: CostName;
  /** In milliseconds where it is a latency. */
  readonly limit: number;
}

/** What an amount of a cost counts. */
export const costUnits: Readonly<Record<CostName, string>> = {
  macs: 'multiply–accumulates',
  parameters: 'parameters',
  latency: 'milliseconds',
};

const counts = { G: 1e9, M: 1e6, K: 1e3 } as const;
const times = { s: 1000, ms: 1, us: 1e-3 } as const;

const unitsOf = (cost: CostName): Readonly<Record<string, number>> =>
  cost === 'latency' ? times : { ...counts, '': 1 };

/** Of a search within a budget. Absent where there is none, and where the default is meant. */
export interface BudgetOptions {
  /** As `parseBudget` reads it. */
  readonly budget?: string;
  /** Of the excess in α's loss; default 1. */
  readonly costWeight?: number;
  /** The file of a latency table. */
  readonly latencyTable?: string;
  /** Of the network that the budget is for; by default the search's. */
  readonly budgetChannels?: number;
  readonly budgetCells?: number;
}

export const budgetOptionNames = [
  'budget',
  'costWeight',
  'latencyTable',
  'budgetChannels',
  'budgetCells',
] as const satisfies readonly (keyof BudgetOptions)[];

/** What a good budget looks like, for messages. */
export const budgetForm =
  'macs=N, parameters=N (N such as 50M or 300K) or latency=T (T such as 5ms, 800us or 0.1s)';

function read(text: string): Limit | undefined {
  const [, name = '', number = '', unit = ''] = /^([a-z]+)=(\d+(?:\.\d+)?)([A-Za-z]*)$/.exec(text) ?? [];
  const cost = costNames.find((known) => known === name);
  const scale = cost && Object.hasOwn(unitsOf(cost), unit) ? unitsOf(cost)[unit] : undefined;
  const limit = scale === undefined ? 0 : Number(number) * scale;
  return cost && limit > 0 && Number.isFinite(limit) ? { cost, limit } : undefined;
}

export const isBudget = (text: string): boolean => read(text) !== undefined;

/** @throws InputError where it is none */
export function parseBudget(text: string): Limit {
  const limit = read(text);
  if (limit) return limit;
  throw new InputError(`a budget is ${budgetForm}, got "${text}"`);
}

/** An amount of a cost, for people: `48.2M`, `5.13ms`. */
export function formatCost(cost: CostName, amount: number): string {
  const units = Object.entries(unitsOf(cost)).filter(([unit]) => unit !== '');
  const [unit, scale] = units.find(([, size]) => amount >= size) ?? units.at(-1) ?? ['', 1];
  if (cost !== 'latency' && amount < 1000) return String(amount);
  return `${(amount / scale).toPrecision(4)}${unit}`;
}
