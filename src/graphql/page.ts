import { resolveCursorConnection, type ResolveCursorConnectionArgs } from "@pothos/plugin-relay";
import { InvalidCursorError, InvalidInputError } from "../errors.ts";
import { isUuid } from "../messages/message-id.ts";
import { defaultPageSize, maxPageSize } from "./limits.ts";

export interface PageArgs {
  first?: number | null | undefined;
  after?: string | null | undefined;
  last?: number | null | undefined;
  before?: string | null | undefined;
}

/** A stretch of a list ordered by id, newest first. */
export interface Stretch {
  where: { lt?: string; gt?: string };
  orderBy: "asc" | "desc";
  take: number;
}

const encode = (id: string): string => Buffer.from(id).toString("base64url");

function decode(cursor: string, field: string): string {
  const id = Buffer.from(cursor, "base64url").toString("latin1");
  if (!isUuid(id)) throw new InvalidCursorError(field);
  return id;
}

/** @throws InvalidInputError when a page size is negative or over 100 */
export function checkPageSize({ first, last }: PageArgs): void {
  for (const [field, size] of Object.entries({ first, last })) {
    if (size == null || (size >= 0 && size <= maxPageSize)) continue;
    const advice = "Read further pages with `after` and `before`.";
    throw new InvalidInputError(field, `\`${field}\` must be 0 to ${maxPageSize}, not ${size}. ${advice}`);
  }
}

/**
 * Cuts a page out of a list ordered by id, newest first, by keyset: a page never shifts, whatever is added or
 * how deep it is. `load` gets the stretch to read.
 * @throws InvalidInputError, InvalidCursorError
 */
export function paginateById<Row extends { id: string }>(
  args: PageArgs,
  load: (stretch: Stretch) => PromiseLike<Row[]>,
) {
  checkPageSize(args);
  const after = args.after == null ? undefined : decode(args.after, "after");
  const before = args.before == null ? undefined : decode(args.before, "before");
  return resolveCursorConnection(
    { args, defaultSize: defaultPageSize, maxSize: maxPageSize, toCursor: ({ id }: Row) => encode(id) },
    ({ limit, inverted }: ResolveCursorConnectionArgs) =>
      load({
        where: { ...(after !== undefined && { lt: after }), ...(before !== undefined && { gt: before }) },
        orderBy: inverted ? "asc" : "desc",
        take: limit,
      }) as Promise<Row[]>,
  );
}
