import type { Database } from "../../../database/database.ts";
import type { Provider } from "../../../database/generated/client.ts";
import { readReceiptLag } from "../../../messages/receipts/receipt-lag.ts";
import { builder } from "../builder.ts";

const ReceiptLag = builder.objectRef<{ p50: number; p95: number; p99: number }>("ReceiptLag").implement({
  description: "How long after submission final receipts came in the last hour, in seconds.",
  fields: (t) => ({
    p50: t.exposeFloat("p50", { description: "Half of them came within this many seconds." }),
    p95: t.exposeFloat("p95", { description: "95 of a hundred." }),
    p99: t.exposeFloat("p99", { description: "99 of a hundred." }),
  }),
});

const BreakerState = builder.enumType("BreakerState", {
  description: "Whether a provider is trusted with messages.",
  values: {
    CLOSED: { description: "Yes." },
    OPEN: { description: "No: too many submissions went unanswered. Its messages stay queued for a while." },
    HALF_OPEN: { description: "One message is on its way to find out." },
  },
});

const readLane = ({ prisma }: Database, providerId: string) =>
  prisma.lane.findUnique({ where: { providerId } });

export const ProviderHealth = builder.objectRef<Provider>("ProviderHealth").implement({
  description: "How a provider is doing.",
  fields: (t) => ({
    breaker: t.field({
      type: BreakerState,
      description: "Whether it is trusted with messages at present.",
      resolve: async ({ id }, _args, { database }) => (await readLane(database, id))?.breaker ?? "CLOSED",
    }),
    breakerOpenUntil: t.field({
      type: "DateTime",
      nullable: true,
      description: "When it is tried again with one message; null while the breaker is closed.",
      resolve: async ({ id }, _args, { database }) => (await readLane(database, id))?.openUntil ?? null,
    }),
    noCreditSince: t.field({
      type: "DateTime",
      nullable: true,
      description:
        "Since when it refuses messages for want of credit: they stay queued until its balance shows some, or it " +
        "accepts one that is tried now and then. Null while it has credit.",
      resolve: async ({ id }, _args, { database }) => (await readLane(database, id))?.noCreditSince ?? null,
    }),
    lastError: t.exposeString("lastError", { nullable: true, description: "The last problem with it." }),
    lastErrorAt: t.expose("lastErrorAt", { type: "DateTime", nullable: true, description: "When that was." }),
    queueDepth: t.int({
      description: "Messages waiting to be submitted.",
      resolve: async ({ id }, _args, { database }) =>
        database.prisma.message.count({
          where: { providerId: id, listedAs: "SUBMITTING", status: { in: ["QUEUED", "SUBMITTING"] } },
        }),
    }),
    messagesPerSecond: t.float({
      description: "Messages submitted per second, over the last minute.",
      resolve: async ({ id }, _args, { database, clock }) => {
        const startedAt = { gte: new Date(clock.now().getTime() - 60_000) };
        return (await database.prisma.attempt.count({ where: { providerId: id, startedAt } })) / 60;
      },
    }),
    receiptLag: t.field({
      type: ReceiptLag,
      nullable: true,
      description: "How long receipts take; null without any in the last hour.",
      resolve: ({ id }, _args, { database, clock }) => readReceiptLag(database, id, clock.now()),
    }),
  }),
});
