import { InvalidInputError } from "../../../lib/errors.ts";
import { decodeId } from "../../../lib/global-id.ts";
import { checkRange, maxBuckets, maxRows } from "../../../messages/statistics/question.ts";
import { readStatistics } from "../../../messages/statistics/read.ts";
import { kept } from "../../../messages/statistics/spans.ts";
import { builder } from "../builder.ts";
import { accountOf } from "../../context.ts";
import { maxFilterWords } from "../limits.ts";
import { divisionOf, StatisticsDimension, StatisticsRow } from "./row.ts";

const StatisticsBucket = builder.enumType("StatisticsBucket", {
  description: "How long the spans are that statistics are given for.",
  values: {
    MINUTE: { description: `A minute. Minutes are kept for ${kept.minuteDays} days.` },
    HOUR: { description: `An hour. Hours are kept for ${kept.quarterDays} days.` },
    DAY: {
      description: `A day. Days in UTC are kept forever, in other zones for ${kept.quarterDays} days.`,
    },
  } as const,
});

builder.queryField("statistics", (t) =>
  t.field({
    type: [StatisticsRow],
    description:
      "What became of messages in a range of time, from sums that every change keeps, so exact at this moment. The range is " +
      "rounded outwards to the minutes, quarters of an hour or days that are kept. Spans in which nothing happened are left " +
      `out. At most ${maxBuckets} buckets and ${maxRows} rows are answered. Sums begin with the version that brought them.`,
    authScopes: { READ: true },
    extensions: { cost: { own: 50, multiplier: 500 } },
    args: {
      from: t.arg({ type: "DateTime", required: true, description: "Where the range starts, inclusive." }),
      until: t.arg({ type: "DateTime", required: true, description: "Where the range ends, exclusive." }),
      bucket: t.arg({
        type: StatisticsBucket,
        description: "Rows for each of these; absent: for all of it.",
      }),
      by: t.arg({ type: [StatisticsDimension], description: "What to divide by; absent: by nothing." }),
      timeZone: t.arg.string({ description: 'The zone of hours and days, an IANA name; absent: "UTC".' }),
      providerIds: t.arg.idList({ description: "Only these providers; absent: all." }),
      countries: t.arg.stringList({
        description: "Only these countries, ISO 3166-1 alpha-2; absent: all.",
      }),
    },
    resolve: async (_root, { bucket, by, timeZone, providerIds, countries, ...range }, context) => {
      const question = {
        ...checkRange(
          { ...range, bucket: bucket ?? undefined, timeZone: timeZone ?? undefined },
          context.clock.now(),
        ),
        accountId: accountOf(context),
        by: divisionOf(by),
        providerIds: bounded("providerIds", providerIds)?.map((id) =>
          decodeId("Provider", id, "providerIds"),
        ),
        countries: bounded("countries", countries),
      };
      const rows = await readStatistics(context.database, question, maxRows + 1);
      if (rows.length <= maxRows) return rows;
      throw new InvalidInputError(
        "by",
        `The answer would have more than ${maxRows} rows. Divide by less, take larger buckets or a shorter range.`,
      );
    },
  }),
);

function bounded(field: string, words: readonly string[] | null | undefined): readonly string[] | undefined {
  if (words == null || words.length <= maxFilterWords) return words ?? undefined;
  throw new InvalidInputError(
    field,
    `\`${field}\` has ${words.length} entries, and at most ${maxFilterWords} are allowed. Ask in several queries.`,
  );
}
