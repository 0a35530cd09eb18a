import { readOpenOutcomes, type OpenOutcome as OpenOutcomeShape } from "../../../campaigns/open-outcomes.ts";
import { builder } from "../builder.ts";
import { MessageStatusEnum } from "../messages/enums.ts";
import { Campaign } from "./campaign.ts";

const OpenOutcome = builder.objectRef<OpenOutcomeShape>("OpenOutcome").implement({
  description: "Messages of which nobody knows what became of them, for one reason.",
  fields: (t) => ({
    status: t.expose("status", {
      type: MessageStatusEnum,
      description: "OUTCOME_UNKNOWN while the provider is asked, UNKNOWN when they were given up.",
    }),
    reason: t.exposeString("reason", {
      nullable: true,
      description:
        "How their last attempt ended; null when the provider had accepted them and told nothing more.",
    }),
    count: t.exposeInt("count", { description: "How many they are." }),
  }),
});

builder.prismaObjectField(Campaign, "openOutcomes", (t) =>
  t.field({
    type: [OpenOutcome],
    description:
      "Why it is not known what became of some of its messages, the most frequent reasons first. Settle them with " +
      "`settleMessages`, or send those that were given up again with `resendMessages`.",
    extensions: { cost: { own: 50, multiplier: 20 } },
    select: { id: true },
    resolve: ({ id }, _args, { database }) => readOpenOutcomes(database, id),
  }),
);
