import {
  Kind,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type SelectionSetNode,
} from "graphql";

/** Deeper documents are refused for their depth. */
const maxLevels = 50;

/**
 * Whether validation would compare more than `most` pairs of fields. It compares every two fields that answer under the
 * same name, those of different fragments too, which takes seconds for a few kilobytes made for it.
 */
export function hasMorePairs(document: DocumentNode, most: number): boolean {
  return new Comparisons(document, most).isOver;
}

/** Counts what validation compares, without comparing it: each selected field once, and the pairs of each name. */
class Comparisons {
  readonly #fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  #left: number;

  constructor({ definitions }: DocumentNode, most: number) {
    const fragments = definitions.filter((one) => one.kind === Kind.FRAGMENT_DEFINITION);
    this.#fragments = new Map(fragments.map((one) => [one.name.value, one]));
    this.#left = most;
    for (const one of definitions)
      if ("selectionSet" in one && one.selectionSet) this.#count([one.selectionSet], 0);
  }

  get isOver(): boolean {
    return this.#left < 0;
  }

  /** Selections that are merged into one. */
  #count(merged: readonly SelectionSetNode[], level: number): void {
    const names = new Map<string, FieldNode[]>();
    const spread = new Set<string>();
    for (const selections of merged) this.#collect(selections, names, spread);
    this.#left -= pairsOf(spread.size);
    for (const fields of names.values()) {
      this.#left -= pairsOf(fields.length);
      if (this.isOver) return;
      const inner = fields.flatMap(({ selectionSet }) => selectionSet ?? []);
      if (inner.length > 0 && level < maxLevels) this.#count(inner, level + 1);
    }
  }

  #collect({ selections }: SelectionSetNode, names: Map<string, FieldNode[]>, spread: Set<string>): void {
    for (const one of selections) {
      if (--this.#left < 0) return;
      if (one.kind === Kind.INLINE_FRAGMENT) this.#collect(one.selectionSet, names, spread);
      else if (one.kind === Kind.FIELD) add(names, (one.alias ?? one.name).value, one);
      else if (!spread.has(one.name.value)) {
        spread.add(one.name.value);
        const fragment = this.#fragments.get(one.name.value);
        if (fragment) this.#collect(fragment.selectionSet, names, spread);
      }
    }
  }
}

const pairsOf = (count: number): number => (count * (count - 1)) / 2;

function add(names: Map<string, FieldNode[]>, name: string, field: FieldNode): void {
  const known = names.get(name);
  if (known) known.push(field);
  else names.set(name, [field]);
}
