import { checkRows } from './check-op.ts';
import { rows } from './rows/scan.ts';

checkRows(rows);
