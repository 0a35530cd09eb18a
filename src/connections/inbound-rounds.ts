import { claimDue, hasCome } from "./due-providers.ts";

/** Claims the providers whose lists should be read for messages from people: each every half minute. */
export const claimDueInbound = claimDue({
  name: "inbound",
  capability: "inbound",
  due: `p.enabled and p.disconnected_at is null and ${hasCome("p.next_inbound_at", "30 seconds")}`,
  next: "next_inbound_at = $1::timestamptz + interval '30 seconds'",
});
