import type { LagPercentiles } from "../../../messages/statistics/counts.ts";
import { builder } from "../builder.ts";

export const ReceiptLag = builder.objectRef<LagPercentiles>("ReceiptLag").implement({
  description:
    "Seconds from submission to final receipt, by the time at which receipts came. Exact to a fifth.",
  fields: (t) => ({
    p50: t.exposeFloat("p50", { description: "Median." }),
    p90: t.exposeFloat("p90", { description: "90th percentile." }),
    p95: t.exposeFloat("p95", { description: "95th percentile." }),
    p99: t.exposeFloat("p99", { description: "99th percentile." }),
  }),
});
