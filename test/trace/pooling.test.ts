import { checkRows } from './check-op.ts';
import { rows } from './rows/pooling.ts';

checkRows(rows);
