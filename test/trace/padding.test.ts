import { checkRows } from './check-op.ts';
import { rows } from './rows/padding.ts';

checkRows(rows);
