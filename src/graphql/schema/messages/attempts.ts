import { readAttempts, type Attempt } from "../../../messages/dispatch/attempts.ts";
import { builder } from "../builder.ts";
import { batchOnly } from "../../context.ts";
import { loadProviders } from "../load-providers.ts";
import { Message } from "./message.ts";
import { Provider } from "../providers/provider.ts";

const outcomes = {
  ACCEPTED: "The provider took the message.",
  REJECTED:
    "The provider refused the message. If the reason is the provider's own, another provider is tried.",
  RETRYABLE:
    "The provider certainly did not take the message. Another attempt follows, with it or with another provider.",
  AMBIGUOUS: "There was no clear answer: the provider may or may not have the message.",
} as const;

const AttemptOutcome = builder.enumType("AttemptOutcome", {
  description: "How an attempt to submit a message ended.",
  values: Object.fromEntries(
    Object.entries(outcomes).map(([name, description]) => [
      name,
      { value: name.toLowerCase() as Lowercase<keyof typeof outcomes>, description },
    ]),
  ) as Record<keyof typeof outcomes, { value: Lowercase<keyof typeof outcomes>; description: string }>,
});

const MessageAttempt = builder.objectRef<Attempt>("MessageAttempt").implement({
  description: "One attempt to submit a message to a provider.",
  fields: (t) => ({
    number: t.exposeInt("number", { description: "Number of the attempt, from 1." }),
    provider: t.loadable({
      type: Provider,
      nullable: true,
      description: "The provider it went to.",
      byPath: false,
      loaderOptions: batchOnly,
      load: loadProviders,
      resolve: ({ providerId }) => providerId,
    }),
    outcome: t.field({
      type: AttemptOutcome,
      nullable: true,
      description: "How it ended; null while it is running.",
      resolve: ({ outcome }) => outcome,
    }),
    reason: t.exposeString("reason", {
      nullable: true,
      description: "Why, in the provider's words if it gave any. Null when it was accepted.",
    }),
    startedAt: t.expose("startedAt", { type: "DateTime", description: "When the request was sent." }),
    finishedAt: t.expose("finishedAt", {
      type: "DateTime",
      nullable: true,
      description: "When it ended; null while it is running.",
    }),
    latencyMilliseconds: t.int({
      nullable: true,
      description: "How long it took; null while it is running.",
      resolve: ({ startedAt, finishedAt }) =>
        finishedAt === null ? null : Math.max(0, finishedAt.getTime() - startedAt.getTime()),
    }),
  }),
});

builder.prismaObjectField(Message, "attempts", (t) =>
  t.loadableGroup({
    type: MessageAttempt,
    description: "Every attempt to submit it to a provider, in order.",
    byPath: false,
    loaderOptions: batchOnly,
    load: (ids: string[], { database }) => readAttempts(database, ids),
    group: ({ messageId }) => messageId,
    resolve: ({ id }) => id,
  }),
);
