import type { CapPeriod } from "../../../pricing/spending/limits.ts";
import { builder } from "../builder.ts";

export const CapPeriodEnum = builder.enumType("CapPeriod", {
  description: "The period of a spending cap.",
  values: {
    DAY: { description: "From midnight to midnight, UTC." },
    MONTH: { description: "A calendar month, UTC." },
  } satisfies Record<CapPeriod, { description: string }>,
});
