import { parseCursorConnectionArgs } from "@pothos/core";
import { InvalidCursorError, InvalidInputError } from "../../lib/errors.ts";
import { isUuid } from "../../lib/uuid.ts";
import { defaultPageSize, maxPageSize } from "./limits.ts";

export interface PageArgs {
  first?: number | null | undefined;
  after?: string | null | undefined;
  last?: number | null | undefined;
  before?: string | null | undefined;
}

/** The key by which a list is ordered, and how a cursor encodes it. */
export interface Keyset<Row, Key> {
  keyOf(row: Row): Key;
  write(key: Key): string;
  /** Undefined when the text is not a valid key. */
  read(text: string): Key | undefined;
}

/** A range of a list between two optional keys. Read from its end backwards when `inverted`. */
interface PageRange<Key> {
  after: Key | undefined;
  before: Key | undefined;
  limit: number;
  inverted: boolean;
}

/**
 * @throws InvalidInputError when a page size is negative or over 100, or when both `first` and `last` are
 * given
 */
function checkPageSize({ first, last }: PageArgs): void {
  for (const [field, size] of Object.entries({ first, last })) {
    if (size == null || (size >= 0 && size <= maxPageSize)) continue;
    const advice = "Read further pages with `after` and `before`.";
    throw new InvalidInputError(field, `\`${field}\` must be 0 to ${maxPageSize}, not ${size}. ${advice}`);
  }
  if (first != null && last != null) throw new InvalidInputError("last", "Give `first` or `last`, not both.");
}

/**
 * Reads a page by keyset, so that pages do not shift when entries are added, and deep pages are as fast as
 * the first. `load` reads the given range.
 * @throws InvalidInputError, InvalidCursorError
 */
export async function paginate<Row, Key>(
  args: PageArgs,
  keyset: Keyset<Row, Key>,
  load: (range: PageRange<Key>) => PromiseLike<Row[]>,
) {
  checkPageSize(args);
  const after = readCursor(keyset, "after", args.after);
  const before = readCursor(keyset, "before", args.before);
  const { limit, expectedSize, inverted, hasNextPage, hasPreviousPage } = parseCursorConnectionArgs({
    args,
    defaultSize: defaultPageSize,
    maxSize: maxPageSize,
  });
  const rows = await load({ after, before, limit, inverted });
  const toCursor = (row: Row): string => Buffer.from(keyset.write(keyset.keyOf(row))).toString("base64url");
  const edges = rows.slice(0, expectedSize).map((row) => new Edge(row, toCursor));
  if (inverted) edges.reverse();
  return {
    edges,
    pageInfo: new EndsOfPage(edges, hasNextPage(rows.length), hasPreviousPage(rows.length)),
  };
}

/** Few ask for cursors, and writing one costs as much as the rest of an edge: they are written when asked for. */
class Edge<Row> {
  readonly node: Row;
  readonly #toCursor: (row: Row) => string;

  constructor(node: Row, toCursor: (row: Row) => string) {
    this.node = node;
    this.#toCursor = toCursor;
  }

  get cursor(): string {
    return this.#toCursor(this.node);
  }
}

class EndsOfPage {
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
  readonly #edges: readonly { cursor: string }[];

  constructor(edges: readonly { cursor: string }[], hasNextPage: boolean, hasPreviousPage: boolean) {
    this.#edges = edges;
    this.hasNextPage = hasNextPage;
    this.hasPreviousPage = hasPreviousPage;
  }

  get startCursor(): string | null {
    return this.#edges[0]?.cursor ?? null;
  }

  get endCursor(): string | null {
    return this.#edges.at(-1)?.cursor ?? null;
  }
}

function readCursor<Key>(
  keyset: Keyset<never, Key>,
  field: "after" | "before",
  cursor: string | null | undefined,
): Key | undefined {
  if (cursor == null) return undefined;
  const key = keyset.read(Buffer.from(cursor, "base64url").toString("latin1"));
  if (key === undefined) throw new InvalidCursorError(field);
  return key;
}

const byId: Keyset<{ id: string }, string> = {
  keyOf: ({ id }) => id,
  write: (id) => id,
  read: (text) => (isUuid(text) ? text : undefined),
};

/** The query conditions of a page in a list ordered by id, newest first. */
interface IdRange {
  where: { lt?: string; gt?: string };
  orderBy: "asc" | "desc";
  take: number;
}

/** Reads a page of a list ordered by id, newest first. */
export function paginateById<Row extends { id: string }>(
  args: PageArgs,
  load: (range: IdRange) => PromiseLike<Row[]>,
) {
  return paginate<Row, string>(args, byId, ({ after, before, limit, inverted }) =>
    load({
      where: { ...(after !== undefined && { lt: after }), ...(before !== undefined && { gt: before }) },
      orderBy: inverted ? "asc" : "desc",
      take: limit,
    }),
  );
}
