/** Genotypes as JSON files (a versioned format), the published ones, and what a user may mean by a name. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { InputError, messageOf } from '../errors.ts';
import { type CellGenotype, checkedCell, type Edge, type Genotype, type RawCell } from './genotype.ts';
import { parseGenotype } from './genotype-text.ts';

const format = 'onnx-nas/genotype';
const version = 1;

/** `{"format": "onnx-nas/genotype", "version": 1, "normal": {"nodes": [[["sep_conv_3x3", 1], …], …], "concat": […]}, …}`. */
export function genotypeToJson(genotype: Genotype): string {
  const node = (edges: readonly Edge[]): string =>
    JSON.stringify(edges.map(({ operation, input }) => [operation, input]));
  const cell = ({ nodes, concat }: CellGenotype): string =>
    `{\n    "nodes": [\n      ${nodes.map(node).join(',\n      ')}\n    ],\n    "concat": ${JSON.stringify(concat)}\n  }`;
  return (
    `{\n  "format": ${JSON.stringify(format)},\n  "version": ${version},\n` +
    `  "normal": ${cell(genotype.normal)},\n  "reduce": ${cell(genotype.reduce)}\n}\n`
  );
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
  let parsed: Record<string, unknown>;
  try {
    parsed = (JSON.parse(text) ?? {}) as Record<string, unknown>;
  } catch (error) {
    throw new InputError(`${where}: not JSON: ${messageOf(error)}`);
  }
  if (parsed.format !== format || parsed.version !== version) {
    throw new InputError(
      `${where}: expected {"format": "${format}", "version": ${version}, …}, ` +
        `got format ${JSON.stringify(parsed.format)}, version ${JSON.stringify(parsed.version)}`,
    );
  }
  const cell = (kind: 'normal' | 'reduce'): CellGenotype => {
    const raw = parsed[kind];
    if (!isRawCell(raw)) {
      throw new InputError(
        `${where}: "${kind}" must be {"nodes": [[["operation", input], …], …], "concat": [states]}`,
      );
    }
    return checkedCell(kind, raw, where);
  };
  return { normal: cell('normal'), reduce: cell('reduce') };
}

const publishedFolder = fileURLToPath(new URL('../../models/genotypes/', import.meta.url));

/** The names of the published genotypes that come with the package. */
export const publishedNames = (): string[] =>
  readdirSync(publishedFolder)
    .filter((file) => file.endsWith('.json'))
    .map((file) => basename(file, '.json'))
    .sort();

/** A genotype that a user names: a run's folder, a file (JSON or text), a published name, or the text itself. */
export function loadGenotype(source: string): Genotype {
  if (/^\s*Genotype\s*\(/.test(source)) return parseGenotype(source, 'the genotype given');
  if (existsSync(source)) {
    const file = statSync(source).isDirectory() ? join(source, 'genotype.json') : source;
    if (!existsSync(file)) {
      throw new InputError(`${source} holds no genotype.json: is it the folder of a finished search?`);
    }
    const text = readFileSync(file, 'utf8');
    return text.trimStart().startsWith('{') ? genotypeFromJson(text, file) : parseGenotype(text, file);
  }
  const name = source.toLowerCase();
  if (publishedNames().includes(name)) {
    return genotypeFromJson(readFileSync(join(publishedFolder, `${name}.json`), 'utf8'), name);
  }
  throw new InputError(
    `"${source}" is no genotype: expected the folder of a run, a file, one of ${publishedNames().join(', ')}, ` +
      'or the text Genotype(normal=[…], …)',
  );
}
