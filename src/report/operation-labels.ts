/** What operations are called in drawings and tables, and the family that gives their colour. */
import type { OperationName } from '../search/operation-names.ts';

export interface Family {
  readonly name: string;
  readonly colour: string;
}

const families = {
  separable: { name: 'separable', colour: '#2563eb' },
  dilated: { name: 'dilated', colour: '#9333ea' },
  ordinary: { name: 'ordinary', colour: '#0f766e' },
  pool: { name: 'pool', colour: '#b45309' },
  skip: { name: 'skip', colour: '#64748b' },
} as const satisfies Record<string, Family>;

export const operationLabels: Readonly<
  Record<OperationName, { readonly label: string; readonly family: Family }>
> = {
  none: { label: 'none', family: families.skip },
  max_pool_3x3: { label: 'max pool 3×3', family: families.pool },
  avg_pool_3x3: { label: 'avg pool 3×3', family: families.pool },
  skip_connect: { label: 'skip', family: families.skip },
  sep_conv_3x3: { label: 'sep conv 3×3', family: families.separable },
  sep_conv_5x5: { label: 'sep conv 5×5', family: families.separable },
  dil_conv_3x3: { label: 'dil conv 3×3', family: families.dilated },
  dil_conv_5x5: { label: 'dil conv 5×5', family: families.dilated },
  conv_3x3: { label: 'conv 3×3', family: families.ordinary },
  conv_5x5: { label: 'conv 5×5', family: families.ordinary },
  identity: { label: 'identity', family: families.skip },
  nor_conv_1x1: { label: 'conv 1×1', family: families.ordinary },
  nor_conv_3x3: { label: 'conv 3×3', family: families.ordinary },
  noise: { label: 'noise', family: families.skip },
};

/** The label of any operation; a name that is not in the table stands for itself. */
export const labelOf = (name: string): string =>
  Object.hasOwn(operationLabels, name) ? operationLabels[name as OperationName].label : name;
