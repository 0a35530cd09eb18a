import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Viewer } from "../access/api-keys.ts";
import { exportMessages, type Delimiter } from "../campaigns/export.ts";
import type { Database } from "../database/database.ts";
import {
  DomainError,
  ForbiddenError,
  InvalidInputError,
  NotFoundError,
  UnauthenticatedError,
} from "../lib/errors.ts";
import { decodeId, encodeId } from "../lib/global-id.ts";
import { messageStatuses, type MessageStatus } from "../messages/model/status.ts";

interface ExportRouteOptions {
  database: Database;
  /** The viewer of an `Authorization` header; undefined when the key is not valid. */
  identify: (authorization: string) => Promise<Viewer | undefined>;
}

const statuses: Readonly<Record<string, number>> = {
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  UNAVAILABLE: 503,
};

/**
 * `GET /campaigns/:id/messages.csv?status=FAILED&status=EXPIRED`: the messages of a campaign as CSV. Rows are
 * written while they are read, so the size does not matter. `delimiter=;` is for spreadsheets in countries
 * with a decimal comma.
 */
export function createExportRoute(options: ExportRouteOptions) {
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    let lines: AsyncGenerator<string>;
    try {
      lines = await open(options, request);
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      const { code } = error;
      const message = error.messageFor(encodeId);
      response.writeHead(statuses[code] ?? 400, { "content-type": "application/json; charset=utf-8" });
      response.end(JSON.stringify({ errors: [{ message, extensions: { code } }] }));
      return;
    }
    response.writeHead(200, {
      "content-type": "text/csv; charset=utf-8; header=present",
      "content-disposition": 'attachment; filename="messages.csv"',
    });
    if (request.method === "HEAD") return void response.end();
    // A client that disconnects ends the reading.
    await pipeline(Readable.from(lines), response).catch(() => undefined);
  };
}

async function open(
  { database, identify }: ExportRouteOptions,
  request: IncomingMessage,
): Promise<AsyncGenerator<string>> {
  const viewer = await identify(request.headers.authorization ?? "");
  if (!viewer) throw new UnauthenticatedError("Send an API key: `Authorization: Bearer <key>`.");
  if (!viewer.scopes.has("READ"))
    throw new ForbiddenError(`The key "${viewer.keyName}" lacks the scope READ. Use a key that has it.`);
  const url = new URL(request.url ?? "/", "http://localhost");
  const [, , globalId = "", file, ...rest] = url.pathname.split("/");
  if ((request.method !== "GET" && request.method !== "HEAD") || file !== "messages.csv" || rest.length > 0) {
    throw new InvalidInputError("path", "Ask with GET for /campaigns/<id>/messages.csv.");
  }
  const wanted = url.searchParams.getAll("status").map(toStatus);
  const delimiter = toDelimiter(url.searchParams.get("delimiter"));
  const campaignId = decodeId("Campaign", unescape(globalId));
  const where = { id: campaignId, accountId: viewer.accountId };
  if ((await database.prisma.campaign.count({ where })) === 0)
    throw new NotFoundError("Campaign", campaignId);
  return exportMessages(database, campaignId, {
    statuses: wanted.length === 0 ? undefined : wanted,
    delimiter,
    idOf: (localId) => encodeId("Message", localId),
  });
}

/** Text with invalid URL escapes is returned unchanged. */
function unescape(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function toDelimiter(text: string | null): Delimiter {
  if (text === null || text === "," || text === ";") return text ?? ",";
  throw new InvalidInputError("delimiter", "`delimiter` must be `,` or `;`.");
}

function toStatus(text: string): MessageStatus {
  const status = messageStatuses.find((one) => one === text.toUpperCase());
  if (status) return status;
  throw new InvalidInputError("status", `\`status\` must be one of ${messageStatuses.join(", ")}.`);
}
