import { checkRows } from './check-op.ts';
import { rows } from './rows/shape.ts';

checkRows(rows);
