import type { DuplicateRow } from "../../../campaigns/intake/duplicates.ts";
import { builder } from "../builder.ts";
import { paginate } from "../page.ts";
import { Campaign } from "./campaign.ts";
import { byPosition } from "./refused-recipients.ts";

export const DuplicateHandlingEnum = builder.enumType("DuplicateHandling", {
  description: "What is done with a number that is in the list again, in whatever spelling.",
  values: {
    FIRST: { description: "Only its first row gets a message." },
    KEEP_ALL: { description: "Each of its rows gets a message. They are submitted in their order." },
  } as const,
});

export const DuplicateRecipient = builder.objectRef<DuplicateRow>("DuplicateRecipient").implement({
  description: "A row of a campaign's input that was left out, since its number is in an earlier one.",
  fields: (t) => ({
    to: t.exposeString("recipient", { description: "The number in E.164, however it was written." }),
    row: t.exposeInt("position", { description: "Row number, as in `RefusedRecipient.row`." }),
  }),
});

const DuplicateRecipientConnection = builder.connectionObject(
  {
    type: DuplicateRecipient,
    name: "DuplicateRecipientConnection",
    description: "A page of rows that were left out.",
  },
  { name: "DuplicateRecipientEdge", description: "A row that was left out and its position in the list." },
);

builder.prismaObjectField(Campaign, "duplicateRecipients", (t) =>
  t.connection(
    {
      type: DuplicateRecipient,
      description: "Rows that were left out, since their number is in an earlier one, in input order.",
      select: { id: true },
      resolve: ({ id: campaignId }, args, { duplicateRecipients }) =>
        paginate(args, byPosition<DuplicateRow>(), (range) =>
          duplicateRecipients.load({ campaignId, ...range }),
        ),
    },
    DuplicateRecipientConnection,
  ),
);
