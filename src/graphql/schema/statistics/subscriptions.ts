import { InvalidInputError } from "../../../lib/errors.ts";
import type { LiveStatistics as Live } from "../../../messages/statistics/feed.ts";
import { builder } from "../builder.ts";
import { accountOf } from "../../context.ts";
import { divisionOf, StatisticsDimension, StatisticsRow } from "./row.ts";

const LiveStatistics = builder.objectRef<Live>("LiveStatistics").implement({
  description: "What happened to messages since the frame before.",
  fields: (t) => ({
    from: t.expose("from", { type: "DateTime", description: "The moment of the frame before." }),
    until: t.expose("until", { type: "DateTime", description: "The moment of this frame." }),
    rows: t.field({
      type: [StatisticsRow],
      description: "What happened in between; empty when nothing did. Costs are only in `statistics`.",
      extensions: { cost: { multiplier: 100 } },
      resolve: ({ rows }) => rows,
    }),
  }),
});

const [slowest, fastest] = [0.01, 10];

builder.subscriptionField("statisticsChanged", (t) =>
  t.field({
    type: LiveStatistics,
    description:
      "What happens to the account's messages as it happens: an empty frame at once, then one for each interval in which " +
      "something happened, and an empty one after the last. The frames add up to the statistics.",
    authScopes: { READ: true },
    args: {
      by: t.arg({ type: [StatisticsDimension], description: "What to divide by; absent: by nothing." }),
      maxPerSecond: t.arg.float({
        defaultValue: 1,
        description: `The most frames per second, ${slowest} to ${fastest}.`,
      }),
    },
    subscribe: (_root, { by, maxPerSecond: given }, context) => {
      const maxPerSecond = given ?? 1;
      if (!(maxPerSecond >= slowest && maxPerSecond <= fastest))
        throw new InvalidInputError(
          "maxPerSecond",
          `\`maxPerSecond\` must be from ${slowest} to ${fastest}.`,
        );
      const watched = { accountId: accountOf(context), by: divisionOf(by), maxPerSecond };
      return context.streams.open((signal) => context.statistics.watch(watched, signal));
    },
    resolve: (frame) => frame,
  }),
);
