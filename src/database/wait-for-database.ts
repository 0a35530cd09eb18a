import { setTimeout as pause } from "node:timers/promises";
import { Client } from "pg";
import { reachOf } from "./hosts.ts";

interface WaitOptions {
  /** After so long the error is thrown; 0: at once. */
  seconds: number;
  /** Says once what it waits for. */
  onWait: (problem: string) => void;
  /** Ends the wait. */
  signal: AbortSignal;
}

const askEveryMs = 100;
const connectMs = 10_000;

/** PostgreSQL is starting or stopping, has no connection left, or its host does not answer, or has no name yet. */
const passing =
  /^(57P0[123]|53300|ECONN(REFUSED|RESET)|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EAI_AGAIN|ENOTFOUND)$/;
/** What is said without a code. */
const passingWords = /none of the hosts .* takes writes|timeout expired|connection terminated/i;

/**
 * Waits until PostgreSQL takes connections; false when the wait was ended. After a failure of a whole machine everything starts at the same time: a
 * process that waits here is ready with it, where one that ends and is started again would read its code twice.
 * @throws Error of the connection when the time is over, and at once when waiting would not help
 */
export async function waitForDatabase(
  url: string,
  { seconds, onWait, signal }: WaitOptions,
): Promise<boolean> {
  const until = performance.now() + seconds * 1000;
  let hasSaid = false;
  for (;;) {
    const problem = await tryToConnect(url, signal);
    if (!problem) return true;
    if (signal.aborted) return false;
    const isPassing = passing.test(problem.code ?? "") || passingWords.test(problem.message);
    if (!isPassing || performance.now() > until) throw problem;
    if (!hasSaid) onWait(problem.message);
    hasSaid = true;
    await pause(askEveryMs);
  }
}

async function tryToConnect(url: string, signal: AbortSignal): Promise<NodeJS.ErrnoException | undefined> {
  const client = new Client({ ...reachOf(url), connectionTimeoutMillis: connectMs });
  client.on("error", () => undefined);
  const stop = (): void => void client.end().catch(() => undefined);
  signal.addEventListener("abort", stop, { once: true });
  try {
    await client.connect();
    return undefined;
  } catch (error) {
    // With several addresses of a host, each has an error of its own.
    const [first] = error instanceof AggregateError ? (error.errors as Error[]) : [error as Error];
    return first ?? new Error("there is no connection to the database");
  } finally {
    signal.removeEventListener("abort", stop);
    await client.end().catch(() => undefined);
  }
}
