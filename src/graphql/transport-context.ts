import type { IncomingMessage, ServerResponse } from "node:http";
import type { YogaServerInstance } from "graphql-yoga";
import type { Access } from "../access/access.ts";
import type { Viewer } from "../access/api-keys.ts";
import { readBearer } from "../access/bearer.ts";
import { UnauthenticatedError } from "../lib/errors.ts";
import type { Context } from "./context.ts";

/** What a transport passes to the pipeline. It has already authenticated the caller. */
export interface ServerContext {
  viewer?: Viewer | undefined;
  /** The WebSocket of the operation. Subscriptions are counted per socket. */
  socket?: object;
  /**
   * True when the socket itself is closed once the viewer loses access. Otherwise each subscription has to
   * end by itself.
   */
  endsWithSocket?: boolean;
  /** Calls `leave` once the answer of a query or mutation was sent, or its client has gone. */
  untilSent?: (leave: () => void) => void;
  /** Where a subscription over WebSocket resumes. Over HTTP it is in the header of that name. */
  lastEventId?: string | undefined;
  /** Only for a request over HTTP. */
  req?: IncomingMessage;
  res?: ServerResponse;
}

export type Yoga = YogaServerInstance<ServerContext, Context>;

/** Without a key, only the schema can be read. A wrong key fails the whole request. */
export async function authenticate(
  access: Access,
  authorization: string | null,
  address: string | undefined,
): Promise<Viewer | undefined> {
  if (authorization === null) return undefined;
  const key = readBearer(authorization);
  const viewer = key === undefined ? undefined : await access.find(key, address);
  if (viewer) return viewer;
  if (key === undefined) {
    throw new UnauthenticatedError(
      /^bearer\b/i.test(authorization.trim())
        ? "The Authorization header has no key behind the word Bearer. Send `Authorization: Bearer <key>`."
        : "The Authorization header does not begin with the word Bearer. Send `Authorization: Bearer <key>`.",
    );
  }
  throw new UnauthenticatedError(
    "The API key is unknown or revoked, it has expired, or its account is suspended. Send it as `Authorization: Bearer <key>`.",
  );
}
