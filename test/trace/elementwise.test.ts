import { checkRows } from './check-op.ts';
import { rows } from './rows/elementwise.ts';

checkRows(rows);
