import { builder } from "../builder.ts";
import { Message } from "../messages/message.ts";

builder.prismaObjectField(Message, "answers", (t) =>
  t.field({
    type: Message,
    nullable: true,
    description:
      "Of a message from a person, the message of yours that it answers: the newest to this number in 30 days, one from the " +
      "answered sender first. Of the confirmation of an opt-out, the message with STOP.",
    select: { accountId: true, answers: true },
    resolve: ({ accountId, answers }, _args, { reads }) =>
      answers === null ? null : reads.message(accountId, answers),
  }),
);
