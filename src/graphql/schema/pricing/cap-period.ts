import type { CapPeriod } from "../../../pricing/spending/limits.ts";
import { builder } from "../builder.ts";

export const CapPeriodEnum = builder.enumType("CapPeriod", {
  description: "How long spending counts against a cap.",
  values: {
    DAY: { description: "From midnight to midnight of UTC." },
    MONTH: { description: "From the first of a month to the next, in UTC." },
  } satisfies Record<CapPeriod, { description: string }>,
});
