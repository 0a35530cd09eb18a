import type { RefusedRow } from "../../../lib/errors.ts";
import { builder } from "../builder.ts";
import { Campaign } from "./campaign.ts";
import { ErrorCodeRef } from "../errors.ts";
import { paginate, type Keyset, type PageArgs } from "../page.ts";

export const RefusedRecipient = builder.objectRef<RefusedRow>("RefusedRecipient").implement({
  description: "A row of a campaign's input that could not become a message.",
  fields: (t) => ({
    to: t.exposeString("recipient", {
      description: "The recipient as given, cut to 100 characters.",
    }),
    row: t.exposeInt("position", {
      description:
        "Row number: in a list the first recipient is 1; in a file the header is 1, as in spreadsheets.",
    }),
    code: t.expose("code", { type: ErrorCodeRef, description: "What is wrong, for programs." }),
    reason: t.exposeString("reason", { description: "What is wrong, for people." }),
  }),
});

export const byPosition = <Row extends { position: number }>(): Keyset<Row, number> => ({
  keyOf: ({ position }) => position,
  write: String,
  read: (text) => (/^\d{1,9}$/.test(text) ? Number(text) : undefined),
});

export const RefusedRecipientConnection = builder.connectionObject(
  {
    type: RefusedRecipient,
    name: "RefusedRecipientConnection",
    description: "A page of refused recipients.",
  },
  { name: "RefusedRecipientEdge", description: "A refused recipient and its position in the list." },
);

/** A page of refusals that are already in memory, ordered by position. */
export const pageOfRefusals = (args: PageArgs, refusals: readonly RefusedRow[]) =>
  paginate(args, byPosition<RefusedRow>(), ({ after = 0, before = Infinity, limit, inverted }) => {
    const between = refusals.filter(({ position }) => position > after && position < before);
    return Promise.resolve((inverted ? between.toReversed() : between).slice(0, limit));
  });

builder.prismaObjectField(Campaign, "refusedRecipients", (t) =>
  t.connection(
    {
      type: RefusedRecipient,
      description: "Rows that could not become a message, in input order.",
      select: { id: true },
      resolve: ({ id: campaignId }, args, { refusedRecipients }) =>
        paginate(args, byPosition<RefusedRow>(), (range) => refusedRecipients.load({ campaignId, ...range })),
    },
    RefusedRecipientConnection,
  ),
);
