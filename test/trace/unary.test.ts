import { checkRows } from './check-op.ts';
import { rows } from './rows/unary.ts';

checkRows(rows);
