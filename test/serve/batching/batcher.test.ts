import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Batcher,
  createBatcher,
  type DueTime,
  type Waiting,
} from '../../../src/serve/batching/batcher.ts';

interface Item extends Waiting {
  readonly id: number;
}

let ids = 0;
const item = (fields: Partial<Item> = {}): Item => ({
  id: ids++,
  key: 'k',
  rows: 1,
  priority: 1,
  arrived: 0,
  deadline: Number.POSITIVE_INFINITY,
  ...fields,
});
const atOnce: DueTime = () => Number.NEGATIVE_INFINITY;
const never: DueTime = () => Number.POSITIVE_INFINITY;
const patience =
  (delay: number): DueTime =>
  (_rows, oldest) =>
    oldest + delay;
const filled = (items: readonly Item[], limits = { maxRows: 4, maxQueued: 100 }): Batcher<Item> => {
  const batcher = createBatcher<Item>(limits);
  for (const each of items) expect(batcher.add(each)).toBe(true);
  return batcher;
};
const idsOf = (items: readonly Item[]): number[] => items.map(({ id }) => id);

describe('createBatcher', () => {
  it('takes what is there, up to the size of a batch, in the order of arrival', () => {
    const items = [item(), item(), item({ rows: 2 }), item(), item()];
    const batcher = filled(items);
    expect(batcher.take(0, atOnce)).toEqual(items.slice(0, 3));
    expect(batcher.take(0, atOnce)).toEqual(items.slice(3));
    expect(batcher.take(0, atOnce)).toEqual([]);
  });

  it('lets nothing overtake an item that does not fit', () => {
    const items = [item({ rows: 3 }), item({ rows: 2 }), item()];
    const batcher = filled(items);
    expect(batcher.take(0, never)).toEqual([items[0]]);
    expect(batcher.take(0, never)).toEqual([]);
    expect(batcher.take(0, atOnce)).toEqual(items.slice(1));
  });

  it('runs an item larger than a batch by itself', () => {
    const items = [item({ rows: 9 }), item()];
    const batcher = filled(items);
    expect(batcher.take(0, never)).toEqual([items[0]]);
  });

  it('waits until the oldest of a batch is due', () => {
    const batcher = filled([item({ arrived: 3 }), item({ arrived: 5 })]);
    expect(batcher.nextDue(patience(10))).toBe(13);
    expect(batcher.take(12.9, patience(10))).toEqual([]);
    expect(batcher.take(13, patience(10))).toHaveLength(2);
    expect(batcher.nextDue(patience(10))).toBe(Number.POSITIVE_INFINITY);
  });

  it('does not let one key wait for another', () => {
    const first = item({ key: 'a' });
    const full = Array.from({ length: 4 }, () => item({ key: 'b' }));
    const batcher = filled([first, ...full]);
    expect(batcher.take(0, patience(10))).toEqual(full);
    expect(batcher.take(10, patience(10))).toEqual([first]);
  });

  it('prefers the urgent, and fills up with the others', () => {
    const [late, soon, other] = [
      item({ priority: 3 }),
      item({ priority: 1 }),
      item({ priority: 1, key: 'x' }),
    ];
    const batcher = filled([late, soon, other]);
    expect(idsOf(batcher.take(0, atOnce))).toEqual([soon.id, late.id]);
    expect(batcher.take(0, atOnce)).toEqual([other]);
  });

  it('refuses more than may wait', () => {
    const batcher = filled([item(), item()], { maxRows: 1, maxQueued: 2 });
    expect(batcher.add(item())).toBe(false);
    expect(batcher.size).toBe(2);
    batcher.take(0, atOnce);
    expect(batcher.add(item())).toBe(true);
  });

  it('gives up items at their deadline', () => {
    const timed = item({ deadline: 7 });
    const batcher = filled([item(), timed]);
    expect(batcher.nextDeadline()).toBe(7);
    expect(batcher.expire(6.9)).toEqual([]);
    expect(batcher.expire(7)).toEqual([timed]);
    expect(batcher.nextDeadline()).toBe(Number.POSITIVE_INFINITY);
    expect(batcher.remove(timed)).toBe(false);
    expect(batcher.size).toBe(1);
  });

  it('neither loses nor doubles an item, whatever happens', () => {
    const limits = { maxRows: 5, maxQueued: 12 };
    const arrival = fc.record({
      do: fc.constant('add' as const),
      key: fc.constantFrom('a', 'b', 'c'),
      rows: fc.integer({ min: 1, max: 7 }),
      priority: fc.integer({ min: 1, max: 3 }),
      wait: fc.option(fc.integer({ min: 0, max: 20 }), { nil: Number.POSITIVE_INFINITY }),
    });
    const event = fc.oneof(
      { weight: 4, arbitrary: arrival },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('cancel' as const), which: fc.nat() }) },
      {
        weight: 2,
        arbitrary: fc.record({
          do: fc.constant('take' as const),
          delay: fc.integer({ min: 0, max: 9 }),
          most: fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }),
        }),
      },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('expire' as const) }) },
      {
        weight: 2,
        arbitrary: fc.record({ do: fc.constant('wait' as const), time: fc.integer({ min: 1, max: 8 }) }),
      },
    );
    fc.assert(
      fc.property(fc.array(event, { maxLength: 120 }), (events) => {
        const batcher = createBatcher<Item>(limits);
        const waiting: Item[] = [];
        const leave = (gone: readonly Item[]): void => {
          for (const each of gone) {
            const at = waiting.indexOf(each);
            expect(at, 'left twice, or never came').toBeGreaterThanOrEqual(0);
            waiting.splice(at, 1);
          }
        };
        let now = 0;
        for (const happening of events) {
          if (happening.do === 'add') {
            const { key, rows, priority, wait } = happening;
            const next = item({ key, rows, priority, arrived: now, deadline: now + wait });
            const accepted = batcher.add(next);
            expect(accepted).toBe(waiting.length < limits.maxQueued);
            if (accepted) waiting.push(next);
          } else if (happening.do === 'cancel' && waiting.length > 0) {
            const chosen = waiting[happening.which % waiting.length] as Item;
            expect(batcher.remove(chosen)).toBe(true);
            leave([chosen]);
          } else if (happening.do === 'expire') {
            const late = waiting.filter(({ deadline }) => deadline <= now);
            const expired = batcher.expire(now);
            expect(new Set(expired)).toEqual(new Set(late));
            leave(expired);
          } else if (happening.do === 'take') {
            const dueAt = patience(happening.delay);
            const due = batcher.nextDue(dueAt) <= now;
            const batch = batcher.take(now, dueAt, happening.most);
            expect(batch.length > 0).toBe(due);
            expect(batch.length).toBeLessThanOrEqual(happening.most ?? limits.maxQueued);
            if (batch.length > 0) {
              const [first] = batch as [Item];
              const rows = batch.reduce((sum, each) => sum + each.rows, 0);
              expect(batch.length === 1 || rows <= limits.maxRows).toBe(true);
              expect(new Set(batch.map(({ key }) => key)).size).toBe(1);
              // The items of the key that it leaves behind are not more urgent, nor older at the same priority.
              const last = batch.at(-1) as Item;
              for (const each of waiting.filter((left) => left.key === first.key && !batch.includes(left))) {
                const isYounger = each.priority === last.priority && each.id > last.id;
                expect(isYounger || each.priority > last.priority).toBe(true);
              }
            }
            leave(batch);
          } else if (happening.do === 'wait') now += happening.time;
          expect(batcher.size).toBe(waiting.length);
        }
        leave(batcher.clear());
        expect(waiting).toEqual([]);
        expect(batcher.size).toBe(0);
      }),
      { numRuns: 300 },
    );
  });
});
