import type { Suppression as Entry } from "../../../suppressions/suppression.ts";
import { listSuppressions, type SuppressionKey } from "../../../suppressions/suppressions.ts";
import { parseRecipient } from "../../../sms/phone.ts";
import { accountOf } from "../../context.ts";
import { builder } from "../builder.ts";
import { paginate, type Keyset } from "../page.ts";

export const SuppressionSourceEnum = builder.enumType("SuppressionSource", {
  description: "How a number came onto the list of those that are not to be texted.",
  values: {
    API: { description: "By `suppressNumber`." },
    IMPORT: { description: "By `importSuppressions`." },
    REPLY: { description: "The person answered with a word such as STOP." },
  } as const,
});

export const Suppression = builder.objectRef<Entry>("Suppression").implement({
  description: "A number that the account does not text.",
  isTypeOf: (value) => typeof value === "object" && value !== null && "createdAt" in value,
  fields: (t) => ({
    number: t.exposeString("number", { description: "The number in E.164." }),
    sender: t.string({
      nullable: true,
      description: "The sender ID that does not text it, in lower case; null for every sender.",
      resolve: ({ sender }) => sender || null,
    }),
    reason: t.exposeString("reason", { nullable: true, description: "Why, in your words." }),
    source: t.expose("source", { type: SuppressionSourceEnum, description: "How it came onto the list." }),
    createdAt: t.expose("createdAt", { type: "DateTime", description: "Since when it is on the list." }),
  }),
});

const SuppressionConnection = builder.connectionObject(
  { type: Suppression, name: "SuppressionConnection", description: "A page of suppressions." },
  { name: "SuppressionEdge", description: "A suppression and its position in the list." },
);

const byNumber: Keyset<Entry, SuppressionKey> = {
  keyOf: ({ number, sender }) => ({ number, sender }),
  // A cursor is read as Latin-1, and a sender may be in any script.
  write: ({ number, sender }) => `${number} ${encodeURIComponent(sender)}`,
  read: (text) => {
    const [, number, sender] = /^(\+\d{1,18}) ([\w.!~*'()%-]*)$/.exec(text) ?? [];
    if (number === undefined || sender === undefined) return undefined;
    return URL.canParse(`x:${sender}`) ? { number, sender: decode(sender) } : undefined;
  },
};

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

builder.queryField("suppressions", (t) =>
  t.connection(
    {
      type: Suppression,
      description:
        "The numbers that the account does not text, in the order of their digits. All of them can be downloaded as CSV from " +
        "`/suppressions.csv` of this server, with the same `Authorization` header.",
      authScopes: { READ: true },
      args: { number: t.arg.string({ description: "Only the entries of this number." }) },
      resolve: (_root, { number, ...args }, context) => {
        const only = number == null ? undefined : parseRecipient(number).to;
        return paginate(args, byNumber, (range) =>
          listSuppressions(context.database, accountOf(context), { ...range, number: only }),
        );
      },
    },
    SuppressionConnection,
  ),
);
