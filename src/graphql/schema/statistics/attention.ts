import { encodeId } from "../../../lib/global-id.ts";
import { maxCounted, type Attention } from "../../../messages/statistics/attention.ts";
import { builder } from "../builder.ts";
import { accountOf } from "../../context.ts";
import { Provider } from "../providers/provider.ts";

/** What each kind means, and what to do. */
const kinds = {
  LOW_BALANCE: [
    "The balance of a provider is below its threshold.",
    "Top the account up at the provider, or lower the threshold in its settings.",
  ],
  NO_CREDIT: [
    "A provider refuses messages because the credit is used up.",
    "Top the account up at the provider: its messages wait until then.",
  ],
  OPEN_BREAKER: [
    "A provider did not answer, and is tried with single messages only.",
    "See its last problem, and check it. The breaker closes by itself when the provider answers again.",
  ],
  QUARANTINED_CALLBACKS: [
    "Callbacks of a provider could not be understood.",
    "Look at what came. After an update that understands it, have it read again.",
  ],
  UNMATCHED_RECEIPTS: [
    "Receipts of a provider have found no message for a quarter of an hour.",
    "If nobody else sends through this account of the provider, a stranger may know its callback URL: make a new one.",
  ],
  OVERDUE_MESSAGES: [
    "Final receipts have not come in the time that is usual for provider and country.",
    "The provider is asked meanwhile. If all of a provider are overdue, check that it has the callback URL.",
  ],
  UNKNOWN_OUTCOMES: [
    "Messages were handed over, and no answer was understood.",
    "The provider is asked. What cannot be found out can be settled by hand.",
  ],
  GIVEN_UP_MESSAGES: [
    "It was never found out what became of messages, in the last seven days.",
    "Settle them by hand, or send them again.",
  ],
  FAILING_WEBHOOK: [
    "The endpoint of a webhook takes no events.",
    "See its problem. It is tried again for a while.",
  ],
  DISABLED_WEBHOOK: [
    "A webhook was disabled because its endpoint took no events.",
    "Mend the endpoint and enable the webhook: it goes on where it stopped.",
  ],
} as const satisfies Record<Attention["kind"], readonly [meaning: string, advice: string]>;

const AttentionKindEnum = builder.enumType("AttentionKind", {
  description: "What needs attention.",
  values: Object.fromEntries(
    Object.entries(kinds).map(([kind, [description]]) => [kind, { description }]),
  ) as Record<Attention["kind"], { description: string }>,
});

const AttentionRef = builder.objectRef<Attention>("Attention").implement({
  description: "Something that a person should look at.",
  fields: (t) => ({
    kind: t.expose("kind", { type: AttentionKindEnum, description: "What it is." }),
    count: t.exposeInt("count", {
      description: `How many messages, callbacks or receipts it concerns; ${maxCounted} stands for that or more.`,
    }),
    since: t.expose("since", {
      type: "DateTime",
      nullable: true,
      description: "Since when; null when that is not known.",
    }),
    advice: t.string({ description: "What to do, in plain words.", resolve: ({ kind }) => kinds[kind][1] }),
    provider: t.field({
      type: Provider,
      nullable: true,
      description: "The provider it concerns; null when it concerns no single one.",
      resolve: ({ providerId }, _args, context) =>
        providerId === null ? null : context.reads.provider(accountOf(context), providerId),
    }),
    targetId: t.id({
      nullable: true,
      description: "Global id of the provider or webhook it concerns; null when it concerns no single one.",
      resolve: ({ providerId, webhookId }) => {
        if (providerId !== null) return encodeId("Provider", providerId);
        return webhookId === null ? null : encodeId("Webhook", webhookId);
      },
    }),
  }),
});

builder.queryField("attention", (t) =>
  t.field({
    type: [AttentionRef],
    description: "What a person should look at now; empty when all is well.",
    authScopes: { READ: true },
    extensions: { cost: { own: 100, multiplier: 50 } },
    resolve: async (_root, _args, context) => {
      const accountId = accountOf(context);
      const lags = await context.expectations.of(accountId);
      return context.reads.attention(accountId, lags, context.clock.now());
    },
  }),
);
