/** Genotypes as JSON files (a versioned format), the published ones, and what a user may mean by a name. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { InputError } from '../errors.ts';
import { type Fields, parseJson } from '../objects.ts';
import { readText } from '../runs/files.ts';
import { genotypeFile } from '../runs/layout.ts';
import { suggestion } from '../suggest.ts';
import { isChainText } from './chain-text.ts';
import {
  type CellGenotype,
  cellsOf,
  checkedCell,
  type Edge,
  type Genotype,
  genotypeOf,
  type RawCell,
  skeletonOfGenotype,
} from './genotype.ts';
import { parseGenotype } from './genotype-text.ts';
import {
  type CellKind,
  checkedReductions,
  isSkeletonName,
  skeletonForm,
  skeletonNames,
} from './skeleton-names.ts';

const format = 'onnx-nas/genotype';
/** Version 1 knew the skeleton of DARTS alone, and did not name it. */
const [version, firstVersion] = [2, 1] as const;

/**
 * `{"format": "onnx-nas/genotype", "version": 2, "skeleton": "darts", "normal": {"nodes": [[["sep_conv_3x3", 1], …], …],
 * "concat": […]}, "reduce": …}`; `"reductions": [0.25, 0.5]` where they are at unusual places.
 */
export function genotypeToJson(genotype: Genotype): string {
  const node = (edges: readonly Edge[]): string =>
    JSON.stringify(edges.map(({ operation, input }) => [operation, input]));
  const cell = ({ nodes, concat }: CellGenotype): string =>
    `{\n    "nodes": [\n      ${nodes.map(node).join(',\n      ')}\n    ],\n    "concat": ${JSON.stringify(concat)}\n  }`;
  const fields = [
    `"format": ${JSON.stringify(format)}`,
    `"version": ${version}`,
    `"skeleton": ${JSON.stringify(skeletonOfGenotype(genotype))}`,
    ...(genotype.reductions ? [`"reductions": ${JSON.stringify(genotype.reductions)}`] : []),
    ...cellsOf(genotype).map(([kind, content]) => `"${kind}": ${cell(content)}`),
  ];
  return `{\n  ${fields.join(',\n  ')}\n}\n`;
}

/** Whether the parsed JSON has the shape of a cell; its content is checked afterwards. */
function isRawCell(value: unknown): value is RawCell {
  const { nodes, concat } = (value ?? {}) as Partial<Record<keyof RawCell, unknown>>;
  const isEdge = (edge: unknown): boolean =>
    Array.isArray(edge) && edge.length === 2 && typeof edge[0] === 'string' && typeof edge[1] === 'number';
  return (
    Array.isArray(nodes) &&
    nodes.every((edges) => Array.isArray(edges) && edges.every(isEdge)) &&
    Array.isArray(concat) &&
    concat.every((state) => typeof state === 'number')
  );
}

/** @throws InputError where the text is not JSON of this format and version */
export function genotypeFromJson(text: string, where = 'genotype'): Genotype {
  const parsed: Fields = Object(parseJson(text, where));
  if (parsed.format !== format || (parsed.version !== version && parsed.version !== firstVersion)) {
    throw new InputError(
      `${where}: expected {"format": "${format}", "version": ${version}, …}, ` +
        `got format ${JSON.stringify(parsed.format)}, version ${JSON.stringify(parsed.version)}`,
    );
  }
  const skeleton = parsed.version === firstVersion ? 'darts' : parsed.skeleton;
  if (!isSkeletonName(skeleton)) {
    const known = skeletonNames.join(', ');
    throw new InputError(
      `${where}: "skeleton" must be one of ${known}, got ${JSON.stringify(parsed.skeleton)}`,
    );
  }
  const cell = (kind: CellKind): CellGenotype => {
    const raw = parsed[kind];
    if (!isRawCell(raw)) {
      throw new InputError(
        `${where}: "${kind}" must be {"nodes": [[["operation", input], …], …], "concat": [states]}`,
      );
    }
    return checkedCell(kind, raw, where);
  };
  const { reductions } = parsed;
  const areNumbers = Array.isArray(reductions) && reductions.every((place) => typeof place === 'number');
  if (reductions !== undefined && !areNumbers) {
    throw new InputError(
      `${where}: "reductions" must be a list of numbers, got ${JSON.stringify(reductions)}`,
    );
  }
  return genotypeOf(
    skeleton,
    skeletonForm(skeleton).kinds.map(cell),
    areNumbers ? checkedReductions(reductions, where) : undefined,
  );
}

/**
 * Checks what a program says is a genotype.
 *
 * @throws InputError where it is none, or has an operation, an input or a state that is none
 */
export function requireGenotype(genotype: Genotype): void {
  let text: string;
  try {
    text = genotypeToJson(genotype);
  } catch {
    throw new InputError(
      'expected a genotype: loadGenotype makes one of a name or a file, parseGenotype of a text',
    );
  }
  genotypeFromJson(text);
}

/** The genotype in a JSON file of this format. InputError where it is none. */
export const readGenotype = (file: string): Genotype => genotypeFromJson(readText(file), file);

const publishedFolder = fileURLToPath(new URL('../../models/genotypes/', import.meta.url));

/** The names of the published genotypes that come with the package. */
export const publishedNames = (): string[] =>
  readdirSync(publishedFolder)
    .filter((file) => file.endsWith('.json'))
    .map((file) => basename(file, '.json'))
    .sort();

/** Whether this is a genotype itself, and not the name of one. */
export const isGenotypeText = (source: string): boolean =>
  /^\s*Genotype\s*\(/.test(source) || isChainText(source);

/** A genotype that a user names: a run's folder, a file (JSON or text), a published name, or the text itself. */
export function loadGenotype(source: string): Genotype {
  if (isGenotypeText(source)) return parseGenotype(source, 'the genotype given');
  if (existsSync(source)) {
    const file = statSync(source).isDirectory() ? genotypeFile(source) : source;
    if (!existsSync(file)) {
      throw new InputError(`${source} holds no genotype.json: is it the folder of a finished search?`);
    }
    const text = readText(file);
    return text.trimStart().startsWith('{') ? genotypeFromJson(text, file) : parseGenotype(text, file);
  }
  const name = source.toLowerCase();
  const published = publishedNames();
  if (published.includes(name)) {
    return genotypeFromJson(readFileSync(join(publishedFolder, `${name}.json`), 'utf8'), name);
  }
  throw new InputError(
    `"${source}" is no genotype, and there is no file or folder of this name: expected the folder of a run, a file, ` +
      `one of ${published.join(', ')}, or the text, Genotype(normal=[…], …) or |operation~0|+|…` +
      suggestion(name, published),
  );
}
