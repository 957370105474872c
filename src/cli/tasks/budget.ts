/** The budget of a search: its table of costs, counted or read from a file of measured latencies. */
import { latencyFromJson, latencyTable } from '../../cost/latency.ts';
import { countedTable } from '../../cost/table.ts';
import type { Dataset } from '../../data/index.ts';
import { FailureError, InputError } from '../../errors.ts';
import { networkCost } from '../../export/cost.ts';
import { type NetworkSize, networkSize } from '../../retrain/network.ts';
import { readText } from '../../runs/files.ts';
import type { Budget, CostTable } from '../../search/budget.ts';
import { type BudgetOptions, budgetOptionNames, formatCost, parseBudget } from '../../search/budget-text.ts';
import { costRange, requireFeasible } from '../../search/derive-within.ts';
import type { Genotype } from '../../search/genotype.ts';
import type { SearchSpace } from '../../search/spaces.ts';
import { flagOf } from '../options.ts';
import { say } from '../output.ts';

/** Of the excess in the loss of α, unless told otherwise. */
const defaultCostWeight = 1;

type Sizes = BudgetOptions & { readonly channels: number; readonly cells: number };

/** @throws InputError where options are given that only a budget reads, or that it lacks */
export function requireBudgetOptions(options: BudgetOptions): void {
  if (options.budget === undefined) {
    const lost = budgetOptionNames.find((name) => options[name] !== undefined);
    if (lost) throw new InputError(`${flagOf(lost)} is for a search with --budget, which is missing`);
    return;
  }
  const { cost } = parseBudget(options.budget);
  if (cost === 'latency' && options.latencyTable === undefined) {
    throw new InputError(
      'a budget of latency needs --latency-table FILE: measure one on the target with nas profile',
    );
  }
  if (cost !== 'latency' && options.latencyTable !== undefined) {
    throw new InputError(`--latency-table is for a budget of latency; this one is of ${cost}`);
  }
}

/** The network that a budget is for. */
export const budgetSize = (
  { channels, cells, budgetChannels = channels, budgetCells = cells }: Sizes,
  dataset: Pick<Dataset, 'shape' | 'classes'>,
): NetworkSize => networkSize({ channels: budgetChannels, cells: budgetCells }, dataset);

/**
 * The budget that the options name, if any; it says what networks the space has.
 *
 * @param kept the table that a resumed run keeps, whatever has become of its file
 * @throws InputError where no network of the space is within it
 */
export function openBudget(
  options: Sizes,
  space: SearchSpace,
  dataset: Pick<Dataset, 'shape' | 'classes'>,
  kept: CostTable | undefined,
): Budget | undefined {
  if (options.budget === undefined) return undefined;
  const { cost, limit } = parseBudget(options.budget);
  const size = budgetSize(options, dataset);
  const table =
    kept ?? (cost === 'latency' ? measured(options, space, size) : countedTable(space, size, cost));
  requireFeasible(space, table, { cost, limit });
  const { least, most } = costRange(space, table);
  const amount = (x: number): string => formatCost(cost, x);
  say(
    `budget: ${cost} of at most ${amount(limit)} at ${size.channels} channels and ${size.cells} cells; ` +
      `the networks of the space have ${amount(least)} to ${amount(most)}` +
      (limit >= most ? ', so it has no effect' : ''),
  );
  return { cost, limit, table, weight: options.costWeight ?? defaultCostWeight };
}

function measured(
  { latencyTable: path = '' }: BudgetOptions,
  space: SearchSpace,
  size: NetworkSize,
): CostTable {
  const text = readText(path, `the latency table ${path}`);
  return latencyTable(latencyFromJson(text, path), space, size, path);
}

/** The network itself, traced, is within the budget: what the table adds up to is never less. */
export function requireWithin(genotype: Genotype, { cost, limit }: Budget, size: NetworkSize): void {
  if (cost === 'latency') return;
  const traced = networkCost(genotype, size)[cost];
  if (traced <= limit) return;
  throw new FailureError(
    `the network of the genotype has ${cost} of ${formatCost(cost, traced)}, above the budget of ${formatCost(cost, limit)}`,
  );
}
