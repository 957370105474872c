import { checkRows } from './check-op.ts';
import { rows } from './rows/choice.ts';

checkRows(rows);
