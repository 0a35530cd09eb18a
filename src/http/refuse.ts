import type { ServerResponse } from "node:http";
import type { ErrorCode } from "../lib/errors.ts";

/** Answers as GraphQL does. */
export function refuse(
  response: ServerResponse,
  status: number,
  message: string,
  as: ErrorCode = "FORBIDDEN",
  details: object = {},
): void {
  response.writeHead(status, { "content-type": "application/json; charset=utf-8" });
  response.end(JSON.stringify({ errors: [{ message, extensions: { ...details, code: as } }] }));
}
