/** One rule for every kernel: the families together are total, or this file does not compile. */
import type { Rules } from '../kernels.ts';
import { choice } from './choice.ts';
import { convolution } from './convolution.ts';
import { creation } from './creation.ts';
import { elementwise } from './elementwise.ts';
import { gathering } from './gathering.ts';
import { image } from './image.ts';
import { joining } from './joining.ts';
import { linear } from './linear.ts';
import { normalization } from './normalization.ts';
import { padding } from './padding.ts';
import { pooling } from './pooling.ts';
import { reduction } from './reduction.ts';
import { resizing } from './resizing.ts';
import { scan } from './scan.ts';
import { shape } from './shape.ts';
import { slicing } from './slicing.ts';
import { unaries } from './unary.ts';

export const rules: Rules = {
  ...unaries,
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
  ...resizing,
  ...choice,
};
