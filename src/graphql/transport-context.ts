import type { ServerResponse } from "node:http";
import type { YogaServerInstance } from "graphql-yoga";
import type { Access } from "../access/access.ts";
import type { Viewer } from "../access/api-keys.ts";
import { readBearer } from "../access/bearer.ts";
import { UnauthenticatedError } from "../lib/errors.ts";
import type { Context } from "./context.ts";

/** What a transport hands over: who is calling was found out already. */
export interface ServerContext {
  viewer?: Viewer | undefined;
  /** The WebSocket it came by: its subscriptions are counted. */
  socket?: object;
  /** Whether that socket is closed when the viewer may no longer be served; else the subscription itself has to end. */
  endsWithSocket?: boolean;
  /** Calls `leave` once the answer of a query or mutation was sent, or nobody waits for it any more. */
  untilSent?: (leave: () => void) => void;
  /** Of a request over HTTP. */
  res?: ServerResponse;
}

export type Yoga = YogaServerInstance<ServerContext, Context>;

/** Without a key the schema can still be read; with a wrong one nothing is answered. */
export async function authenticate(
  access: Access,
  authorization: string | null,
): Promise<Viewer | undefined> {
  if (authorization === null) return undefined;
  const key = readBearer(authorization);
  const viewer = key === undefined ? undefined : await access.find(key);
  if (viewer) return viewer;
  if (key === undefined) {
    throw new UnauthenticatedError(
      /^bearer\b/i.test(authorization.trim())
        ? "The Authorization header has no key behind the word Bearer. Send `Authorization: Bearer <key>`."
        : "The Authorization header does not begin with the word Bearer. Send `Authorization: Bearer <key>`.",
    );
  }
  throw new UnauthenticatedError(
    "The API key is unknown or revoked, or it has expired. Send it as `Authorization: Bearer <key>`.",
  );
}
