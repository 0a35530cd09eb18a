import { builder } from "../builder.ts";

export const DateTimeRange = builder.inputType("DateTimeRange", {
  description: "A range of time; either end may be open.",
  fields: (t) => ({
    from: t.field({ type: "DateTime", description: "From this time on, inclusive." }),
    until: t.field({ type: "DateTime", description: "Before this time, exclusive." }),
  }),
});
