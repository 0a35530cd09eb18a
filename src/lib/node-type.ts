/** The types of objects that clients refer to by id, and what people call them. */
export const nodeNames = {
  Provider: "provider",
  Message: "message",
  MessageEvent: "event",
  Campaign: "campaign",
  Balance: "balance",
  Rate: "rate",
  Account: "account",
  ApiKey: "API key",
  Webhook: "webhook",
  AuditEntry: "audit entry",
  IssuedWatchToken: "watch token",
} as const;

export type NodeType = keyof typeof nodeNames;
