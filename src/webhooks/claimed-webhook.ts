import type { Queryable, Statement } from "../database/database.ts";
import type { WebhookStream } from "../database/generated/client.ts";
import type { EventFilter } from "../messages/log/event-filter.ts";
import type { Position } from "../messages/log/logged-event.ts";

/** How far a webhook has come, as its worker stores it. */
export interface Progress {
  /** Everything up to here has been delivered. */
  cursor: Position;
  /** The end of the batch that is being delivered. */
  batch: Position | undefined;
  enabled: boolean;
  /** Failures since the last success. */
  failures: number;
  failingSince: Date | undefined;
  retryAt: Date | undefined;
  problem: string | undefined;
  lastDelivery: bigint;
}

/** A delivery that failed and will be tried again. */
interface FailedDelivery {
  number: bigint;
  attempts: number;
  firstAttemptedAt: Date;
}

/** A webhook as its worker takes it over. */
export interface ClaimedWebhook {
  id: string;
  accountId: string;
  name: string;
  url: string;
  stream: WebhookStream;
  filter: EventFilter;
  batchSize: number;
  withoutTexts: boolean;
  secrets: Uint8Array;
  revision: number;
  progress: Progress;
  /** By the header `webhook-id`. */
  failed: Map<string, FailedDelivery>;
}

interface Row {
  id: string;
  accountId: string;
  name: string;
  url: string;
  stream: WebhookStream;
  filter: Omit<EventFilter, "accountId">;
  batchSize: number;
  withoutTexts: boolean;
  secrets: Uint8Array;
  revision: number;
  cursorTx: string;
  cursorId: string;
  batchTx: string | null;
  batchId: string | null;
  failures: number;
  failingSince: Date | null;
  retryAt: Date | null;
  problem: string | null;
  lastDelivery: string;
}

const readRows: Statement = {
  name: "read_claimed_webhooks",
  text: `
    select id, account_id as "accountId", name, url, stream, filter, batch_size as "batchSize", without_texts as "withoutTexts",
      secrets, revision, cursor_tx as "cursorTx", cursor_id as "cursorId", batch_tx as "batchTx", batch_id as "batchId",
      failures, failing_since as "failingSince", retry_at as "retryAt", problem, last_delivery as "lastDelivery"
    from webhooks
    where id = any ($1::uuid[]) and worker = $2 and enabled`,
};

const readFailed: Statement = {
  name: "read_failed_webhook_deliveries",
  text: `
    select webhook_id as "webhookId", header_id as "headerId", number, attempts, first_attempted_at as "firstAttemptedAt"
    from webhook_deliveries
    where webhook_id = any ($1::uuid[]) and status = 'FAILED'`,
};

interface FailedRow {
  webhookId: string;
  headerId: string;
  number: string;
  attempts: number;
  firstAttemptedAt: Date;
}

/** The given webhooks that the worker still has. */
export async function readClaimed(
  database: Queryable,
  ids: readonly string[],
  worker: string,
): Promise<ClaimedWebhook[]> {
  const rows = await database.query<Row>(readRows, [ids, worker]);
  const failing = rows.filter(({ failures }) => failures > 0).map(({ id }) => id);
  const failed = failing.length === 0 ? [] : await database.query<FailedRow>(readFailed, [failing]);
  return rows.map((row) =>
    toWebhook(
      row,
      failed.filter(({ webhookId }) => webhookId === row.id),
    ),
  );
}

function toWebhook(row: Row, failed: readonly FailedRow[]): ClaimedWebhook {
  const { cursorTx, cursorId, batchTx, batchId, failures, failingSince, retryAt, problem } = row;
  return {
    id: row.id,
    accountId: row.accountId,
    name: row.name,
    url: row.url,
    stream: row.stream,
    filter: { ...row.filter, accountId: row.accountId },
    batchSize: row.batchSize,
    withoutTexts: row.withoutTexts,
    secrets: row.secrets,
    revision: row.revision,
    progress: {
      cursor: { tx: BigInt(cursorTx), id: BigInt(cursorId) },
      batch: batchTx === null || batchId === null ? undefined : { tx: BigInt(batchTx), id: BigInt(batchId) },
      enabled: true,
      failures,
      failingSince: failingSince ?? undefined,
      retryAt: retryAt ?? undefined,
      problem: problem ?? undefined,
      lastDelivery: BigInt(row.lastDelivery),
    },
    failed: new Map(
      failed.map(({ headerId, number, ...one }) => [headerId, { ...one, number: BigInt(number) }]),
    ),
  };
}
