import { checkRows } from './check-op.ts';
import { rows } from './rows/reduction.ts';

checkRows(rows);
