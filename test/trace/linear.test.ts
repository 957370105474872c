import { checkRows } from './check-op.ts';
import { rows } from './rows/linear.ts';

checkRows(rows);
