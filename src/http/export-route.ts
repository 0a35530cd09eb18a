import type { IncomingMessage, ServerResponse } from "node:http";
import { exportMessages, type Delimiter } from "../campaigns/export.ts";
import type { Database } from "../database/database.ts";
import { InvalidInputError, NotFoundError } from "../lib/errors.ts";
import { decodeId, encodeId } from "../lib/global-id.ts";
import { messageStatuses, type MessageStatus } from "../messages/model/status.ts";
import type { Viewer } from "../access/api-keys.ts";
import { sendCsv, type Readers } from "./csv-answer.ts";

interface ExportRouteOptions extends Readers {
  database: Database;
}

/**
 * `GET /campaigns/:id/messages.csv?status=FAILED&status=EXPIRED`: the messages of a campaign as CSV. Rows are
 * written while they are read, so the size does not matter. `delimiter=;` is for spreadsheets in countries
 * with a decimal comma.
 */
export function createExportRoute({ database, ...readers }: ExportRouteOptions) {
  return (request: IncomingMessage, response: ServerResponse): Promise<void> =>
    sendCsv(request, response, "messages.csv", readers, (viewer) => open(database, request, viewer));
}

async function open(
  database: Database,
  request: IncomingMessage,
  viewer: Viewer,
): Promise<AsyncGenerator<string>> {
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
