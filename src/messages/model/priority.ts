/** How urgent a message is among those of its account that wait. */
export type MessagePriority = "LOW" | "NORMAL" | "HIGH";
