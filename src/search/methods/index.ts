/** The search methods by name. */
import type { MethodName } from '../method-names.ts';
import { darts } from './darts.ts';
import type { Method } from './method.ts';

const methods: Readonly<Record<MethodName, () => Method>> = {
  darts: () => darts,
};

export const searchMethod = (name: MethodName): Method => methods[name]();
