import type { IncomingMessage, ServerResponse } from "node:http";
import type { Database } from "../database/database.ts";
import { exportSuppressions } from "../suppressions/export.ts";
import { sendCsv, type Readers } from "./csv-answer.ts";

/** `GET /suppressions.csv`: the numbers that the account of the key does not text. */
export function createSuppressionsRoute({ database, ...readers }: Readers & { database: Database }) {
  return (request: IncomingMessage, response: ServerResponse): Promise<void> =>
    sendCsv(request, response, "suppressions.csv", readers, ({ accountId }) =>
      Promise.resolve(exportSuppressions(database, accountId)),
    );
}
