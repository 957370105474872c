/**
 * Dynamic batching as a data structure: what waits, and what of it runs together next. It holds no clock, no timer
 * and no promise: whoever drives it says what time it is. Times are milliseconds of one clock.
 */

/** Something that waits to be run. */
export interface Waiting {
  /** Only items of equal keys share a batch. */
  readonly key: string;
  /** How much of a batch it takes, from 1. */
  readonly rows: number;
  /** From 1, the most urgent. A more urgent item runs first, whatever has waited longer. */
  readonly priority: number;
  readonly arrived: number;
  /** When it need not run any more; `Infinity` where it can wait for ever. */
  readonly deadline: number;
}

/** When a batch of so many rows, the oldest of which arrived then, is to run although it is not full. */
export type DueTime = (rows: number, oldest: number) => number;

export interface BatcherLimits {
  /** The most rows in a batch. An item with more is a batch of its own. */
  readonly maxRows: number;
  /** The most items that may wait. */
  readonly maxQueued: number;
}

export interface Batcher<Item extends Waiting> {
  /** How many items wait. */
  readonly size: number;
  /** Lets an item wait, as the last of its priority; false, and nothing done, where as many wait as may. */
  add(item: Item): boolean;
  /** Takes back an item; false where it does not wait (any more). */
  remove(item: Item): boolean;
  /** Takes out the items whose deadline has come. */
  expire(now: number): Item[];
  /**
   * Takes out the next batch: that of the most urgent item, if it is full or due; else the next one that is. Empty
   * where none is. Within a priority nothing overtakes an item of the same key.
   *
   * @param most items of it, from 1; the others wait on
   */
  take(now: number, dueAt: DueTime, most?: number): Item[];
  /** When the next batch will be due, should nothing arrive until then; `Infinity` where nothing waits. */
  nextDue(dueAt: DueTime): number;
  /** The earliest deadline; `Infinity` where there is none. */
  nextDeadline(): number;
  /** Takes out everything. */
  clear(): Item[];
}

interface Group<Item> {
  readonly items: Item[];
  rows: number;
  oldest: number;
  /** Nothing more fits, or what fits would overtake what does not. */
  full: boolean;
}

export function createBatcher<Item extends Waiting>({ maxRows, maxQueued }: BatcherLimits): Batcher<Item> {
  /** Items by priority. A set keeps the order of arrival and forgets any item at once. */
  const levels = new Map<number, Set<Item>>();
  let urgency: number[] = [];
  const timed = new Set<Item>();
  let size = 0;

  const levelOf = (priority: number): Set<Item> => {
    let level = levels.get(priority);
    if (!level) {
      level = new Set();
      levels.set(priority, level);
      urgency = [...levels.keys()].sort((a, b) => a - b);
    }
    return level;
  };

  const remove = (item: Item): boolean => {
    if (!levels.get(item.priority)?.delete(item)) return false;
    timed.delete(item);
    size -= 1;
    return true;
  };

  function* waiting(): Generator<Item> {
    for (const priority of urgency) yield* levels.get(priority) ?? [];
  }

  const join = (group: Group<Item>, item: Item): void => {
    if (group.full) return;
    if (group.items.length > 0 && group.rows + item.rows > maxRows) {
      group.full = true;
      return;
    }
    group.items.push(item);
    group.rows += item.rows;
    group.oldest = Math.min(group.oldest, item.arrived);
    group.full = group.rows >= maxRows;
  };

  const newGroup = (): Group<Item> => ({
    items: [],
    rows: 0,
    oldest: Number.POSITIVE_INFINITY,
    full: false,
  });

  /** The batch that the most urgent item would be in: what nearly always runs next, without sorting the rest. */
  const first = (): Group<Item> => {
    const group = newGroup();
    for (const item of waiting()) {
      if (group.items.length > 0 && item.key !== group.items[0]?.key) continue;
      join(group, item);
      if (group.full) break;
    }
    return group;
  };

  const groups = (): Iterable<Group<Item>> => {
    const byKey = new Map<string, Group<Item>>();
    for (const item of waiting()) {
      const group = byKey.get(item.key) ?? newGroup();
      byKey.set(item.key, group);
      join(group, item);
    }
    return byKey.values();
  };

  const dueTime = ({ full, rows, oldest }: Group<Item>, dueAt: DueTime): number =>
    full ? Number.NEGATIVE_INFINITY : dueAt(rows, oldest);

  return {
    get size() {
      return size;
    },
    add(item) {
      if (size >= maxQueued) return false;
      levelOf(item.priority).add(item);
      if (item.deadline < Number.POSITIVE_INFINITY) timed.add(item);
      size += 1;
      return true;
    },
    remove,
    expire(now) {
      const expired = [...timed].filter(({ deadline }) => deadline <= now);
      expired.forEach(remove);
      return expired;
    },
    take(now, dueAt, most = Number.POSITIVE_INFINITY) {
      if (size === 0) return [];
      let group: Group<Item> | undefined = first();
      if (dueTime(group, dueAt) > now) {
        group = undefined;
        for (const other of groups()) {
          if (dueTime(other, dueAt) > now) continue;
          group = other;
          break;
        }
      }
      const batch = group?.items.slice(0, most) ?? [];
      batch.forEach(remove);
      return batch;
    },
    nextDue(dueAt) {
      let next = Number.POSITIVE_INFINITY;
      if (size > 0) for (const group of groups()) next = Math.min(next, dueTime(group, dueAt));
      return next;
    },
    nextDeadline() {
      let next = Number.POSITIVE_INFINITY;
      for (const { deadline } of timed) next = Math.min(next, deadline);
      return next;
    },
    clear() {
      const items = [...waiting()];
      items.forEach(remove);
      return items;
    },
  };
}
