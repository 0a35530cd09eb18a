import { once } from "node:events";
import type { Readiness } from "../database/readiness.ts";
import { openSettings } from "../http/browser-guard.ts";
import { createStatusServer } from "../http/status.ts";
import type { Stops } from "../lib/shutdown.ts";
import type { Parts } from "./parts.ts";

/** Lets a worker that serves no API be watched, on a port of its own. */
export async function startStatus(
  parts: Parts,
  readiness: Readiness,
  port: number,
  stops: Stops,
): Promise<void> {
  const { options, metrics } = parts;
  const { web = openSettings, host } = options;
  const server = createStatusServer({
    ready: () => readiness.problem(),
    notes: () => notesOf(parts),
    metrics,
    web,
  });
  server.listen(port, host);
  await once(server, "listening");
  stops.push(async () => {
    const closed = once(server, "close");
    server.close();
    server.closeAllConnections();
    await closed;
  });
}

/** What whoever looks after the process should know, though it is no problem. */
export const notesOf = ({ liveTier, replica }: Pick<Parts, "liveTier" | "replica">): string =>
  [liveTier?.describe(), replica?.describe()].filter(Boolean).join("; ");
