/** The skeletons by name. */
import type { SkeletonName } from '../skeleton-names.ts';
import { darts } from './darts.ts';
import { nasBench201 } from './nas-bench-201.ts';
import type { Skeleton } from './skeleton.ts';

const skeletons: Readonly<Record<SkeletonName, Skeleton>> = { darts, 'nas-bench-201': nasBench201 };

export const skeletonOf = (name: SkeletonName): Skeleton => skeletons[name];
