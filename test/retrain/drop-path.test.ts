/** What a mask does to a path, and which paths have one. */
import { beforeAll, describe, expect, it } from 'vitest';
import { type DartsGenotype, dartsGenotype, type Edge } from '../../src/search/genotype.ts';
import { loadGenotype } from '../../src/search/genotype-file.ts';
import { isReduction } from '../../src/search/skeleton-names.ts';
import { tf } from '../../src/tfjs.ts';
import { relativeError } from '../nn/differentiable.ts';
import { cellOf, imagesOf, logitsOf, network, valuesOf } from './networks.ts';

beforeAll(() => tf.setBackend('cpu'));

interface Site extends Edge {
  readonly cell: number;
  readonly node: number;
  /** The place of the edge among those into its node. */
  readonly index: number;
}

/** The sites as they should be: every edge of every cell in order, but for identities at stride 1. */
const sitesOf = (genotype: DartsGenotype, cells: number): Site[] =>
  Array.from({ length: cells }, (_, cell) => {
    const reduction = isReduction(cell, cells);
    const { nodes } = reduction ? genotype.reduce : genotype.normal;
    return nodes.flatMap((edges, node) =>
      edges.flatMap((edge, index) => {
        const isIdentity = edge.operation === 'skip_connect' || edge.operation === 'identity';
        const strided = reduction && edge.input < 2;
        return isIdentity && !strided ? [] : [{ ...edge, cell, node, index }];
      }),
    );
  }).flat();

const edge = (operation: Edge['operation'], input: number): Edge => ({ operation, input });
const cells = 3;
/** Operations that end in a batch norm, pools and skips, in either kind of cell. */
const genotype: DartsGenotype = {
  normal: cellOf(
    [edge('sep_conv_3x3', 0), edge('skip_connect', 1)],
    [edge('dil_conv_3x3', 1), edge('avg_pool_3x3', 2)],
  ),
  reduce: cellOf(
    [edge('skip_connect', 0), edge('max_pool_3x3', 1)],
    [edge('identity', 2), edge('sep_conv_5x5', 1)],
  ),
};
const sites = sitesOf(genotype, cells);
const subject = network(genotype, { cells });
const parameters = valuesOf(subject.parameters);
const images = () => imagesOf(3);
const all = (mask: number) => (): number[] => [mask, mask, mask];

describe('the sites', () => {
  it.each(['darts_v1', 'darts_v2', 'pc_darts_cifar'])('of %s are its edges but for identities', (name) => {
    expect(network(name, { cells: 8 }).dropSites).toBe(sitesOf(dartsGenotype(loadGenotype(name)), 8).length);
  });

  it('are those of a genotype with every kind of edge', () => {
    expect(subject.dropSites).toBe(sites.length);
    // A normal cell has one skip, a reduction cell's strided skip is no identity.
    expect(sites.map(({ cell }) => cell)).toEqual([0, 0, 0, 1, 1, 1, 2, 2, 2]);
  });
});

describe('a mask', () => {
  const plain = () => logitsOf(subject, images(), { parameters });

  it('of ones changes nothing', () => {
    expect(logitsOf(subject, images(), { parameters, masks: all(1) })).toEqual(plain());
  });

  /** The same operation everywhere in the cells of its kind gives way to none: that is another genotype. */
  it.each(['normal', 'reduce'] as const)('of zeros in the %s cells is a network without the path', (kind) => {
    const dropped = sites.filter(({ cell }) => isReduction(cell, cells) === (kind === 'reduce'));
    for (const { node, index } of dropped) {
      const nodes = genotype[kind].nodes.map((edges, n) =>
        edges.map((e, i) => (n === node && i === index ? edge('none', e.input) : e)),
      );
      const without = network({ ...genotype, [kind]: { ...genotype[kind], nodes } }, { cells });
      const expected = logitsOf(without, images(), { parameters });
      const masks = (site: number): number[] => {
        const at = sites[site] as Site;
        const isDropped = dropped.includes(at) && at.node === node && at.index === index;
        return all(isDropped ? 0 : 1)();
      };
      const actual = logitsOf(subject, images(), { parameters, masks });
      expect(relativeError(actual, expected), `node ${node}, edge ${index}`).toBeLessThan(1e-6);
      expect(relativeError(actual, plain())).toBeGreaterThan(1e-3);
    }
  });

  it('of twos doubles the path, as twice the gain and bias of its last norm do', () => {
    sites.forEach(({ cell, node, index, operation }, doubled) => {
      if (!operation.includes('conv')) return;
      const place = `cell${cell}/node${node + 2}/${index}_${operation}`;
      const last = operation.startsWith('sep') ? `${place}/second` : place;
      const twice = new Map(parameters);
      for (const leaf of ['gain', 'bias']) {
        twice.set(
          `${last}/${leaf}`,
          (parameters.get(`${last}/${leaf}`) as Float32Array).map((x) => 2 * x),
        );
      }
      const masks = (site: number): number[] => all(site === doubled ? 2 : 1)();
      const actual = logitsOf(subject, images(), { parameters, masks });
      expect(actual).toEqual(logitsOf(subject, images(), { parameters: twice }));
      expect(relativeError(actual, plain())).toBeGreaterThan(1e-3);
    });
  });

  it('is of each image by itself', () => {
    // In the last cell no other image is concerned: what follows it is a mean over pixels.
    const last = sites.length - 1;
    const one = (image: number): number[] => [0, 1, 2].map((i) => (i === image ? 0 : 1));
    const none = plain();
    for (const image of [0, 1, 2]) {
      const masks = (site: number): number[] => (site === last ? one(image) : all(1)());
      const actual = logitsOf(subject, images(), { parameters, masks });
      for (const other of [0, 1, 2]) {
        const row = (logits: Float32Array) => logits.subarray(5 * other, 5 * other + 5);
        if (other === image) expect(relativeError(row(actual), row(none))).toBeGreaterThan(1e-3);
        else expect(row(actual)).toEqual(row(none));
      }
    }
  });
});
