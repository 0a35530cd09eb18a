import { builder } from "../builder.ts";
import { MessageConnection } from "../messages/queries.ts";
import { pageOfMessages } from "../messages/list.ts";
import { Message } from "../messages/message.ts";
import { Provider } from "./provider.ts";

builder.prismaObjectField(Provider, "messages", (t) =>
  t.connection(
    {
      type: Message,
      description: "Messages sent through it, newest first.",
      select: { id: true, accountId: true },
      resolve: ({ id, accountId }, args, context) =>
        pageOfMessages({ kind: "provider", id }, { accountId }, args, context),
    },
    MessageConnection,
  ),
);
