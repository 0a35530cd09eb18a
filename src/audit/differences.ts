import { isDeepStrictEqual } from "node:util";

/** Only the values of two records that differ. A record that has no counterpart is kept whole. */
export function differences(
  before: object | undefined,
  after: object | undefined,
): { before: object | undefined; after: object | undefined } {
  if (!before || !after || Array.isArray(before) || Array.isArray(after)) return { before, after };
  const [old, young] = [
    new Map<string, unknown>(Object.entries(before)),
    new Map<string, unknown>(Object.entries(after)),
  ];
  const names = [...new Set([...old.keys(), ...young.keys()])];
  const changed = names.filter((name) => !isDeepStrictEqual(old.get(name), young.get(name)));
  const only = (values: Map<string, unknown>): object =>
    Object.fromEntries(changed.filter((name) => values.has(name)).map((name) => [name, values.get(name)]));
  return { before: only(old), after: only(young) };
}
