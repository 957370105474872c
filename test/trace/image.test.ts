import { checkRows } from './check-op.ts';
import { rows } from './rows/image.ts';

checkRows(rows);
