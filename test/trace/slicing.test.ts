import { checkRows } from './check-op.ts';
import { rows } from './rows/slicing.ts';

checkRows(rows);
