/**
 * Where a graph is cut into segments. A convolution that adds to a sum does so in the sum's own memory (`overwriting.ts`), if
 * its own segment computes that; any other sum onnxruntime copies first, in one thread, while the others wait. So a cut goes
 * where the fewest elements are being added to.
 */
import { elementCount, type Node, type Value } from '../ir.ts';
import { qualifiedName } from '../operators.ts';
import { hasKnownShape } from './overwriting.ts';
import { unviewed } from './views.ts';

/** The nodes of a segment, in shares of those that are asked for. */
const fewest = 0.5;
const most = 1.5;

/** What a convolution adds to. */
const sumOf = (node: Node): Value | null | undefined =>
  qualifiedName(node) === 'com.microsoft.nchwc.Conv' ? node.inputs[3] : undefined;

/** For each place between nodes, the elements of the sums before it that are added to behind it. */
function sumsAcross(nodes: readonly Node[]): Float64Array {
  const makers = new Map<Value, number>();
  const lastReaders = new Map<Value, number>();
  nodes.forEach(({ inputs, outputs }, place) => {
    for (const value of outputs) makers.set(value, place);
    for (const value of inputs) if (value) lastReaders.set(unviewed(value), place);
  });
  const across = new Float64Array(nodes.length + 1);
  nodes.forEach((node, place) => {
    const sum = sumOf(node);
    if (!sum || !hasKnownShape(sum)) return;
    const root = unviewed(sum);
    const maker = makers.get(root);
    // What others read later is copied wherever they are.
    if (maker === undefined || lastReaders.get(root) !== place) return;
    const size = elementCount(sum.type);
    across[maker + 1] = (across[maker + 1] as number) + size;
    across[place + 1] = (across[place + 1] as number) - size;
  });
  for (let place = 1; place < across.length; place++) {
    across[place] = (across[place] as number) + (across[place - 1] as number);
  }
  return across;
}

/** The places of the cuts, for segments of about `size` nodes. */
export function cutsOf(nodes: readonly Node[], size: number): readonly number[] {
  const across = sumsAcross(nodes);
  const cuts: number[] = [];
  for (let begin = 0; nodes.length - begin > most * size; begin = cuts.at(-1) as number) {
    const target = begin + size;
    const isBetter = (place: number, other: number): boolean => {
      const difference = (across[place] as number) - (across[other] as number);
      return difference < 0 || (difference === 0 && Math.abs(place - target) < Math.abs(other - target));
    };
    let best = target;
    const last = begin + Math.floor(most * size);
    for (let place = begin + Math.ceil(fewest * size); place <= last; place++) {
      if (isBetter(place, best)) best = place;
    }
    cuts.push(best);
  }
  return cuts;
}
