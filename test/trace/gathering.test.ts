import { checkRows } from './check-op.ts';
import { rows } from './rows/gathering.ts';

checkRows(rows);
