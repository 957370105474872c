import { checkRows } from './check-op.ts';
import { rows } from './rows/creation.ts';

checkRows(rows);
