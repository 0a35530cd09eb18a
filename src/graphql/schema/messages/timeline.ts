import { builder } from "../builder.ts";
import { MessageEvent } from "./event.ts";
import { Message } from "./message.ts";
import { paginate, type Keyset } from "../page.ts";
import type { LoggedEvent } from "../../../messages/log/logged-event.ts";

const byLogId: Keyset<LoggedEvent, bigint> = {
  keyOf: ({ id }) => id,
  write: (id) => String(id),
  read: (text) => (/^\d{1,18}$/.test(text) ? BigInt(text) : undefined),
};

builder.prismaObjectField(Message, "events", (t) =>
  t.connection(
    {
      type: MessageEvent,
      description: "The timeline, oldest first, including ignored receipts.",
      resolve: ({ id: messageId }, args, { timelines }) =>
        paginate(args, byLogId, (range) => timelines.load({ messageId, ...range })),
    },
    { name: "MessageEventConnection", description: "A page of a message's timeline." },
    { name: "MessageEventEdge", description: "An event and its position in the timeline." },
  ),
);
