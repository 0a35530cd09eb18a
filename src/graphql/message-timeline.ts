import { InvalidCursorError } from "../errors.ts";
import type { LoggedEvent } from "../messages/event-log.ts";
import { builder } from "./builder.ts";
import { defaultPageSize } from "./limits.ts";
import { MessageEvent } from "./message-event.ts";
import { Message } from "./message.ts";
import { checkPageSize } from "./page.ts";

const encode = ({ id }: LoggedEvent): string => Buffer.from(String(id)).toString("base64url");

function decode(cursor: string): bigint {
  const id = Buffer.from(cursor, "base64url").toString("latin1");
  if (!/^\d{1,18}$/.test(id)) throw new InvalidCursorError("after");
  return BigInt(id);
}

builder.prismaObjectField(Message, "events", (t) =>
  t.connection(
    {
      type: MessageEvent,
      description: "The timeline, oldest first, ignored receipts included.",
      select: { id: true },
      resolve: async ({ id: messageId }, args, { timelines }) => {
        checkPageSize(args);
        const size = args.first ?? defaultPageSize;
        const after = args.after == null ? 0n : decode(args.after);
        const events = await timelines.load({ messageId, after, limit: size + 1 });
        const page = events.slice(0, size);
        const edges = page.map((event) => ({ cursor: encode(event), node: event }));
        return {
          edges,
          pageInfo: {
            hasNextPage: events.length > size,
            hasPreviousPage: after > 0n,
            startCursor: edges[0]?.cursor ?? null,
            endCursor: edges.at(-1)?.cursor ?? null,
          },
        };
      },
    },
    { name: "MessageEventConnection", description: "A page of a message's timeline." },
    { name: "MessageEventEdge", description: "An event and its place in the timeline." },
  ),
);
