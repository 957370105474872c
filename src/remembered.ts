/** What is computed of an object that does not change, kept as long as the object is. */

/** `compute`, once for each object. */
export function remembered<Key extends object, Result>(
  compute: (object: Key) => Result,
): (object: Key) => Result {
  const results = new WeakMap<Key, Result>();
  return (object) => {
    const known = results.get(object);
    if (known !== undefined) return known;
    const result = compute(object);
    results.set(object, result);
    return result;
  };
}
