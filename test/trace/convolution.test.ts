import { checkRows } from './check-op.ts';
import { rows } from './rows/convolution.ts';

checkRows(rows);
