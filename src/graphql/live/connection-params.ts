import type { IncomingHttpHeaders } from "node:http";
import type { SubscribePayload } from "graphql-ws";

/**
 * Finds `{ authorization: "Bearer <key>" }` in the connection parameters; the case of the name does not
 * matter. GraphiQL instead sends its headers with each operation, as extensions.
 */
export function authorizationIn(headers: unknown): string | null {
  if (typeof headers !== "object" || headers === null) return null;
  for (const [name, value] of Object.entries(headers)) {
    if (name.toLowerCase() === "authorization" && typeof value === "string") return value;
  }
  return null;
}

/** Clients written for other servers send their headers as `headers` in the connection parameters. */
export const connectionAuthorization = (params: Record<string, unknown> | undefined): string | null =>
  authorizationIn(params) ?? authorizationIn(params?.["headers"]);

/** The key in the upgrade request. Other schemes than Bearer are for a proxy in front of us. */
export const bearerIn = ({ authorization }: IncomingHttpHeaders): string | undefined =>
  /^bearer\b/i.test(authorization?.trim() ?? "") ? authorization : undefined;

/** How a client wants its subscription to be resumed. */
export interface Resume {
  /** Each result is to carry its cursor. */
  withCursors: boolean;
  /** Where to begin; undefined: as the document says. */
  after: string | undefined;
}

/**
 * A client that wants to resume sends `extensions.resume` with its subscription: null at its first start, then
 * the last cursor. This is for WebSockets what `Last-Event-ID` is for event streams.
 */
export function resumeIn({ extensions }: SubscribePayload): Resume {
  const resume = extensions?.["resume"];
  return { withCursors: resume !== undefined, after: typeof resume === "string" ? resume : undefined };
}
