/** All rows: together they reach every rule. */
import type { Row } from '../check-op.ts';
import { rows as choice } from './choice.ts';
import { rows as convolution } from './convolution.ts';
import { rows as creation } from './creation.ts';
import { rows as elementwise } from './elementwise.ts';
import { rows as gathering } from './gathering.ts';
import { rows as image } from './image.ts';
import { rows as joining } from './joining.ts';
import { rows as linear } from './linear.ts';
import { rows as normalization } from './normalization.ts';
import { rows as padding } from './padding.ts';
import { rows as pooling } from './pooling.ts';
import { rows as reduction } from './reduction.ts';
import { rows as scan } from './scan.ts';
import { rows as shape } from './shape.ts';
import { rows as slicing } from './slicing.ts';
import { rows as unary } from './unary.ts';

export const allRows: readonly Row[] = [
  ...unary,
  ...elementwise,
  ...reduction,
  ...scan,
  ...shape,
  ...joining,
  ...slicing,
  ...padding,
  ...gathering,
  ...creation,
  ...linear,
  ...convolution,
  ...pooling,
  ...normalization,
  ...image,
  ...choice,
];
