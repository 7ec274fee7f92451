/** Checks of the compiler that a schema has the fields of the type which it describes: also of those that no test produces. */

/** Names that are not any text: a loose object has both. */
type Named<T> = keyof { [K in keyof T as string extends K ? never : K]: unknown } & keyof T & string;

/** `a`, `a.b` of everything that has names of its own. Lists and maps count as what they hold; a `ledger` is not looked into. */
export type Fields<T> = T extends readonly (infer Item)[]
  ? Fields<Item>
  : T extends object
    ? [Named<T>] extends [never]
      ? Fields<T[keyof T]>
      : { [K in Named<T>]-?: K | (K extends 'ledger' ? never : `${K}.${Fields<NonNullable<T[K]>>}`) }[Named<T>]
    : never;

type Difference<A, B> = Exclude<A, B> | Exclude<B, A>;
type Nothing<A, B> = [Difference<A, B>] extends [never] ? [] : [differs: Difference<A, B>];

/** Does not compile where one has a field that the other lacks. */
export const sameFields = <A extends string, B extends string>(...differs: Nothing<A, B>) => differs.length === 0;
/** Likewise of the values of an enumeration. */
export const sameValues = <A extends string, B extends string>(...differs: Nothing<A, B>) => differs.length === 0;
