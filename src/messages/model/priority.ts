/** How urgent a message is compared with the others of its account that wait. */
export type MessagePriority = "LOW" | "NORMAL" | "HIGH";
