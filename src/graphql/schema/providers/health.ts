import type { Database } from "../../../database/database.ts";
import type { Provider } from "../../../database/generated/client.ts";
import { inFlight, queued } from "../../../messages/model/status.ts";
import { receiptLag } from "../../../messages/statistics/counts.ts";
import { checkRange } from "../../../messages/statistics/question.ts";
import { readStatistics } from "../../../messages/statistics/read.ts";
import { builder } from "../builder.ts";
import { ReceiptLag } from "../statistics/receipt-lag.ts";

const BreakerState = builder.enumType("BreakerState", {
  description: "State of a provider's circuit breaker.",
  values: {
    CLOSED: { description: "Normal: messages are submitted." },
    OPEN: { description: "Too many submissions had no answer. Its messages stay queued for a while." },
    HALF_OPEN: { description: "One message is submitted to test the provider." },
  },
});

const readLane = ({ prisma }: Database, providerId: string) =>
  prisma.lane.findUnique({ where: { providerId } });

export const ProviderHealth = builder.objectRef<Provider>("ProviderHealth").implement({
  description: "How a provider is doing.",
  fields: (t) => ({
    breaker: t.field({
      type: BreakerState,
      description: "State of its circuit breaker.",
      resolve: async ({ id }, _args, { database }) => (await readLane(database, id))?.breaker ?? "CLOSED",
    }),
    breakerOpenUntil: t.field({
      type: "DateTime",
      nullable: true,
      description: "When it is next tested with one message; null while the breaker is closed.",
      resolve: async ({ id }, _args, { database }) => (await readLane(database, id))?.openUntil ?? null,
    }),
    noCreditSince: t.field({
      type: "DateTime",
      nullable: true,
      description:
        "Since when it refuses messages because the credit is used up. They stay queued until its balance shows credit or it " +
        "accepts a test message, which is sent now and then. Null while it has credit.",
      resolve: async ({ id }, _args, { database }) => (await readLane(database, id))?.noCreditSince ?? null,
    }),
    lastError: t.exposeString("lastError", { nullable: true, description: "The last problem with it." }),
    lastErrorAt: t.expose("lastErrorAt", { type: "DateTime", nullable: true, description: "When that was." }),
    queueDepth: t.int({
      description: "Messages waiting for or in submission.",
      resolve: async ({ id }, _args, { database }) =>
        database.prisma.message.count({
          where: { providerId: id, listedAs: inFlight, status: { in: [...queued] } },
        }),
    }),
    messagesPerSecond: t.float({
      description: "Submission attempts per second, over the last minute.",
      resolve: async ({ id }, _args, { database, clock }) => {
        const startedAt = { gte: new Date(clock.now().getTime() - 60_000) };
        return (await database.prisma.attempt.count({ where: { providerId: id, startedAt } })) / 60;
      },
    }),
    receiptLag: t.field({
      type: ReceiptLag,
      nullable: true,
      description: "How long final receipts take; null when none came in the last hour.",
      resolve: async ({ id, accountId }, _args, { database, clock }) => {
        const until = clock.now();
        const range = checkRange({ from: new Date(until.getTime() - 3_600_000), until }, until);
        const by = { provider: false, country: false, status: false };
        const [row] = await readStatistics(database, { ...range, accountId, by, providerIds: [id] }, 1);
        return row ? receiptLag(row.counts) : null;
      },
    }),
  }),
});
