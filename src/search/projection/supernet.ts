/** The supernet as a function of its mixing weights, which are given instead of α. */
import { type Initializer, zeros } from '../../nn/parameters.ts';
import type { Method } from '../methods/method.ts';
import { scalarsOf } from '../mixed-operation.ts';
import { alphaShape, type SearchSpace } from '../spaces.ts';
import { rowsOf } from '../strengths.ts';
import { makeSupernet, type Supernet, type SupernetOptions } from '../supernet.ts';

const given: Initializer = zeros;

/** A method whose architecture is its mixing weights [kinds, edges, operations]; its edges are those of another. */
const weighted = ({ name, edge }: Method): Method => ({
  name,
  declare: (table, space) => table.declare('weights', alphaShape(space), given),
  inputs: () => ({}),
  mix: ({ weights }, _, space) => {
    if (!weights) throw new Error('the architecture has no mixing weights');
    return scalarsOf(weights, alphaShape(space));
  },
  edge,
  penalties: () => [],
  strengths: ({ weights }, space) => rowsOf(weights as Float32Array, space),
});

/** A supernet with the same θ. */
export function weightedSupernet(supernet: Supernet, options: SupernetOptions): Supernet {
  const { space, method, parameters } = supernet;
  const result = makeSupernet(space as SearchSpace, options, weighted(method));
  const [own, others] = [result, supernet].map((net) =>
    net.parameters.parameters.map(({ name }) => name).join(),
  );
  if (own !== others || result.parameters.size !== parameters.size) {
    throw new Error(`the weights of ${method.name} are not those of its projection`);
  }
  return result;
}
