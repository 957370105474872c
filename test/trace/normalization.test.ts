import { checkRows } from './check-op.ts';
import { rows } from './rows/normalization.ts';

checkRows(rows);
