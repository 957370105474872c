import { checkRows } from './check-op.ts';
import { rows } from './rows/joining.ts';

checkRows(rows);
