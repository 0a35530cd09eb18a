import { auditEnd, auditPositionAt } from "../audit/feed.ts";
import type { Database } from "../database/database.ts";
import type { WebhookStream } from "../database/generated/client.ts";
import { readEnd } from "../messages/log/event-log.ts";
import type { Position } from "../messages/log/logged-event.ts";
import { positionAt } from "../messages/log/position-at.ts";

/** The end of the log that a webhook delivers. */
export const endOf = (database: Database, stream: WebhookStream): Promise<Position> =>
  stream === "AUDIT" ? auditEnd(database) : readEnd(database);

/** A position in that log before everything since then. */
export const positionSince = (
  database: Database,
  { stream, accountId }: { stream: WebhookStream; accountId: string },
  since: Date,
): Promise<Position> =>
  stream === "AUDIT" ? auditPositionAt(database, accountId, since) : positionAt(database, since);
