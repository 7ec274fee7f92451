/** Everything is shown in the order of the spec. Objects alone do not keep it: names such as `2` and `1` come sorted. */

/** The entries in the order of these names; others behind them, as they come. */
export function inOrderOf<T>(names: readonly string[], values: Readonly<Record<string, T>>): [string, T][] {
  return sortedLike(names, Object.entries(values), ([name]) => name);
}

/** The items in the order of the names that they are about; others behind them, as they come. */
export function sortedLike<T>(names: readonly string[], items: readonly T[], nameOf: (item: T) => string): T[] {
  const places = new Map(names.map((name, index) => [name, index]));
  const place = (item: T) => places.get(nameOf(item)) ?? names.length;
  return items.toSorted((a, b) => place(a) - place(b));
}
