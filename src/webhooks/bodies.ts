import { createHash } from "node:crypto";
import DataLoader from "dataloader";
import type { Database, Statement } from "../database/database.ts";
import { patient } from "../database/read-through-outage.ts";
import { encodeId } from "../lib/global-id.ts";
import { encodeCursor } from "../messages/log/event-log.ts";
import { eventId } from "../messages/log/timelines.ts";
import type { LoggedEvent, Position } from "../messages/log/logged-event.ts";

/** What never changes about a message. */
interface MessageRow {
  id: string;
  recipient: string;
  sender: string;
  text: string;
  clientRef: string | null;
  country: string | null;
  campaignId: string | null;
  createdAt: Date;
}

const readMessages: Statement = {
  name: "read_messages_for_webhooks",
  text: `
    select id, recipient, sender, text, client_ref as "clientRef", country, campaign_id as "campaignId",
      created_at as "createdAt"
    from messages where id = any ($1::uuid[])`,
};

const atOnce = 1_000;

/** Events as JSON, each written once for all webhooks that send it. */
export class Bodies {
  readonly #messages: DataLoader<string, MessageRow | undefined>;
  readonly #full = new WeakMap<LoggedEvent, Promise<string>>();
  readonly #withoutTexts = new WeakMap<LoggedEvent, Promise<string>>();

  constructor(database: Database) {
    const reader = patient(database);
    this.#messages = new DataLoader(
      async (ids) => {
        const rows = await reader.query<MessageRow>(readMessages, [[...new Set(ids)]]);
        const found = new Map(rows.map((row) => [row.id, row]));
        return ids.map((id) => found.get(id));
      },
      { cache: false, maxBatchSize: atOnce },
    );
  }

  /** Starts reading what the bodies of these events need, in one statement. */
  prepare(events: readonly LoggedEvent[], withoutTexts: boolean): void {
    for (const event of events) void this.#encoded(event, withoutTexts).catch(() => undefined);
  }

  /** The whole body of a request. With `isBatch`, it holds a list even for a single event. */
  async of(
    events: readonly LoggedEvent[],
    { withoutTexts, isBatch }: { withoutTexts: boolean; isBatch: boolean },
  ): Promise<string> {
    const last = events.at(-1);
    const timestamp = JSON.stringify(last?.receivedAt ?? null);
    const encoded = await Promise.all(events.map((event) => this.#encoded(event, withoutTexts)));
    const type = last?.status === "RECEIVED" ? "message.received" : "message.event";
    if (!isBatch || !last) return `{"type":"${type}","timestamp":${timestamp},"data":${encoded[0]}}`;
    const cursor = JSON.stringify(encodeCursor(last));
    return `{"type":"message.events","timestamp":${timestamp},"data":{"cursor":${cursor},"events":[${encoded.join(",")}]}}`;
  }

  #encoded(event: LoggedEvent, withoutTexts: boolean): Promise<string> {
    const known = withoutTexts ? this.#withoutTexts : this.#full;
    const encoded = known.get(event) ?? this.#encode(event, withoutTexts);
    known.set(event, encoded);
    encoded.catch(() => known.delete(event));
    return encoded;
  }

  async #encode(event: LoggedEvent, withoutTexts: boolean): Promise<string> {
    const message = await this.#messages.load(event.messageId);
    return JSON.stringify({ ...fieldsOf(event), message: messageFields(event, message, withoutTexts) });
  }
}

/** As GraphQL answers the same fields of a `MessageEvent`. */
const fieldsOf = (event: LoggedEvent) => ({
  id: encodeId("MessageEvent", eventId(event)),
  cursor: encodeCursor(event),
  status: event.status,
  providerStatus: event.providerStatus,
  source: event.source,
  applied: event.applied,
  ignoredReason: event.ignoredReason,
  version: event.version,
  part: event.part,
  parts: event.parts,
  failure: event.failureCode === null ? null : failureOf(event, event.failureCode),
  detail: event.detail,
  occurredAt: event.occurredAt,
  receivedAt: event.receivedAt,
  provider: event.providerId === null ? null : { id: encodeId("Provider", event.providerId) },
});

const failureOf = ({ failureText, failurePermanent }: LoggedEvent, code: string) => ({
  code,
  text: failureText ?? code,
  permanent: failurePermanent ?? false,
});

function messageFields(event: LoggedEvent, message: MessageRow | undefined, withoutTexts: boolean) {
  const id = encodeId("Message", event.messageId);
  // The event may have been deleted meanwhile, at the end of its retention.
  if (!message) return { id };
  return {
    id,
    to: message.recipient,
    from: message.sender,
    ...(!withoutTexts && { text: message.text }),
    clientRef: message.clientRef,
    country: message.country,
    campaign: message.campaignId === null ? null : { id: encodeId("Campaign", message.campaignId) },
    createdAt: message.createdAt,
  };
}

/** Tells the receiver that events are missing, as `StreamReset` does in the stream. */
export const resetBody = (reason: ResetReason, cursor: Position, now: Date): string =>
  JSON.stringify({ type: "stream.reset", timestamp: now, data: { reason, cursor: encodeCursor(cursor) } });

export type ResetReason = "AHEAD_OF_LOG" | "EXPIRED";

export const testBody = (webhook: { id: string; name: string }, now: Date): string =>
  JSON.stringify({
    type: "webhook.test",
    timestamp: now,
    data: { webhook: { id: encodeId("Webhook", webhook.id), name: webhook.name } },
  });

/**
 * The header `webhook-id`: it is the same each time the same events are sent to the same webhook, no matter
 * by which worker. Standard Webhooks allows no full stop in it.
 */
export function headerId(webhookId: string, parts: readonly string[]): string {
  const hash = createHash("sha256").update([webhookId, ...parts].join(" "));
  return `msg_${hash.digest("base64url").slice(0, 32)}`;
}
