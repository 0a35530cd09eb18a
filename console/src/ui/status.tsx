import type { MessageStatus } from "../gql/graphql.ts";

type Tone = "good" | "bad" | "busy" | "idle" | "warn";

const messageTones: Readonly<Record<MessageStatus, Tone>> = {
  SCHEDULED: "idle",
  QUEUED: "idle",
  SUBMITTING: "busy",
  SUBMITTED: "busy",
  SENT: "busy",
  DELIVERED: "good",
  READ: "good",
  RECEIVED: "good",
  UNDELIVERED: "bad",
  EXPIRED: "bad",
  REJECTED: "bad",
  FAILED: "bad",
  CANCELLED: "idle",
  UNKNOWN: "warn",
  OUTCOME_UNKNOWN: "warn",
};

/** Those of messages that are sent; messages from people have one of their own. */
export const messageStatuses = (Object.keys(messageTones) as MessageStatus[]).filter(
  (status) => status !== "RECEIVED",
);

const otherTones: Readonly<Record<string, Tone>> = {
  RUNNING: "busy",
  COMPLETED: "good",
  PAUSED: "warn",
  ACTIVE: "good",
  RETRYING: "warn",
  DISABLED: "idle",
  IMPORTING: "busy",
  EXPANDING: "busy",
};

/** `OUTCOME_UNKNOWN` as people write it. */
export const inWords = (word: string): string => {
  const words = word
    .toLowerCase()
    .replaceAll("_", " ")
    .replace(/\bapi\b/, "API");
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}`;
};

export const Badge = ({ tone, children }: { tone: Tone; children: string }) => (
  <span className={`badge ${tone}`}>{children}</span>
);

/** The tone of a status of anything. */
export const toneOf = (status: string): Tone =>
  (messageTones as Readonly<Record<string, Tone>>)[status] ?? otherTones[status] ?? "idle";

export const Status = ({ status }: { status: string }) => (
  <Badge tone={toneOf(status)}>{inWords(status)}</Badge>
);
