import {
  deliveryRate,
  receiptLag,
  type StatisticsCounts as Counts,
} from "../../../messages/statistics/counts.ts";
import type { Division, StatisticsRow as Row } from "../../../messages/statistics/read.ts";
import { builder } from "../builder.ts";
import { accountOf } from "../../context.ts";
import { MessageStatusEnum } from "../messages/enums.ts";
import { Money } from "../money.ts";
import { Provider } from "../providers/provider.ts";
import { ReceiptLag } from "./receipt-lag.ts";

export const StatisticsDimension = builder.enumType("StatisticsDimension", {
  description: "What statistics are divided by.",
  values: {
    PROVIDER: { description: "The provider of the message at the time." },
    COUNTRY: { description: "The recipient's country." },
    STATUS: { description: "The status that messages came into." },
  } as const,
});

export const divisionOf = (
  by: readonly (typeof StatisticsDimension.$inferType)[] | null | undefined,
): Division => ({
  provider: by?.includes("PROVIDER") ?? false,
  country: by?.includes("COUNTRY") ?? false,
  status: by?.includes("STATUS") ?? false,
});

const StatisticsCounts = builder.objectRef<Counts>("StatisticsCounts").implement({
  description:
    "How many messages took each step in a span of time. A message is counted when the step became known, and for every " +
    "step it took.",
  fields: (t) => ({
    accepted: t.exposeInt("accepted", {
      description: "Accepted by smsgraph; of campaigns, when their messages were made.",
    }),
    submitting: t.int({
      description: "Attempts to hand a message to a provider.",
      resolve: ({ reached }) => reached.SUBMITTING,
    }),
    submitted: t.exposeInt("submitted", {
      description: "Accepted by a provider, as its answer or a receipt showed.",
    }),
    sent: t.int({ description: "Handed to the operator.", resolve: ({ reached }) => reached.SENT }),
    delivered: t.exposeInt("delivered", { description: "Delivered or read, each message once." }),
    withdrawn: t.exposeInt("withdrawn", {
      description: "Deliveries that the provider took back; each is also among the failed.",
    }),
    read: t.int({ description: "Read.", resolve: ({ reached }) => reached.READ }),
    failed: t.exposeInt("failed", {
      description: "Did not arrive: UNDELIVERED, EXPIRED, REJECTED or FAILED.",
    }),
    undelivered: t.int({ description: "UNDELIVERED.", resolve: ({ reached }) => reached.UNDELIVERED }),
    expired: t.int({ description: "EXPIRED.", resolve: ({ reached }) => reached.EXPIRED }),
    rejected: t.int({ description: "REJECTED.", resolve: ({ reached }) => reached.REJECTED }),
    cancelled: t.int({ description: "CANCELLED.", resolve: ({ reached }) => reached.CANCELLED }),
    outcomeUnknown: t.int({
      description: "Handed over without an understood answer (OUTCOME_UNKNOWN).",
      resolve: ({ reached }) => reached.OUTCOME_UNKNOWN,
    }),
    unknown: t.int({
      description: "Given up without an end (UNKNOWN).",
      resolve: ({ reached }) => reached.UNKNOWN,
    }),
  }),
});

export const StatisticsRow = builder.objectRef<Row>("StatisticsRow").implement({
  description: "What became of messages in a span of time, in all or of one provider, country or status.",
  fields: (t) => ({
    from: t.expose("from", { type: "DateTime", description: "Where the span starts, inclusive." }),
    until: t.expose("until", { type: "DateTime", description: "Where the span ends, exclusive." }),
    provider: t.field({
      type: Provider,
      nullable: true,
      description: "The provider; null when not divided by it, or when the messages had none.",
      resolve: ({ providerId }, _args, context) =>
        providerId === null ? null : context.reads.provider(accountOf(context), providerId),
    }),
    country: t.exposeString("country", {
      nullable: true,
      description: "ISO 3166-1 alpha-2; null when not divided by it, or when the country is not known.",
    }),
    status: t.expose("status", {
      type: MessageStatusEnum,
      nullable: true,
      description: "The status that messages came into; null when not divided by it.",
    }),
    messages: t.int({
      description: "How many messages came into the status; when not divided by it, how many were accepted.",
      resolve: ({ status, counts }) => (status === null ? counts.accepted : counts.reached[status]),
    }),
    counts: t.expose("counts", {
      type: StatisticsCounts,
      description: "The steps that messages took; when divided by status, only those into it.",
    }),
    deliveryRate: t.float({
      nullable: true,
      description:
        "Of the messages whose end became known, the share that arrived, from 0 to 1; null when there were none.",
      resolve: ({ counts }) => deliveryRate(counts),
    }),
    receiptLag: t.field({
      type: ReceiptLag,
      nullable: true,
      description: "How long final receipts took; null when there were none.",
      resolve: ({ counts }) => receiptLag(counts),
    }),
    cost: t.field({
      type: [Money],
      description:
        "What providers charged in this span, by currency, corrections included; empty when divided by status.",
      resolve: ({ costs }) => costs.map(({ amount, currency }) => ({ amount, currency: currency || "XXX" })),
    }),
  }),
});
