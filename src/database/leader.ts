import { Client } from "pg";
import { reachOf } from "./hosts.ts";
import { pause } from "../lib/pause.ts";

const answerMs = 5_000;
const tryAgainMs = 1_000;

/** Short, so that the lock of a machine that vanished is free within half a minute; that of a killed process is at once. */
const settings = "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3";

interface LeaderOptions {
  url: string;
  /** Names the lock. */
  space: string;
  key: string;
  /** Runs in one process at a time. Its signal aborts when the lock is lost. It may be called again when it has ended. */
  work: (signal: AbortSignal) => Promise<void>;
  /** Told once for several failures in a row. */
  onError: (error: Error) => void;
}

/** Work that exactly one of all processes does; another takes it over when that one stops or dies. */
export async function lead(options: LeaderOptions, stop: AbortSignal): Promise<void> {
  let isTold = false;
  while (!stop.aborted) {
    try {
      await leadOnce(options, stop);
      isTold = false;
    } catch (error) {
      if (!isTold && !stop.aborted) options.onError(error as Error);
      isTold = true;
    }
    // Others try meanwhile: they may be better off.
    await pause(tryAgainMs, stop);
  }
}

/** Waits for the lock on a connection of its own, and works while it holds it. */
async function leadOnce({ url, space, key, work }: LeaderOptions, stop: AbortSignal): Promise<void> {
  const lost = new AbortController();
  const client = new Client({
    ...reachOf(url),
    options: settings,
    keepAlive: true,
    connectionTimeoutMillis: answerMs,
    query_timeout: answerMs,
  });
  client.on("error", () => lost.abort()).on("end", () => lost.abort());
  const signal = AbortSignal.any([stop, lost.signal]);
  try {
    await client.connect();
    while (!signal.aborted) {
      const { rows } = await client.query<{ held: boolean }>(
        "select pg_try_advisory_lock(hashtext($1), hashtext($2)) as held",
        [space, key],
      );
      if (rows[0]?.held === true) return await work(signal);
      await pause(tryAgainMs, signal);
    }
  } finally {
    await client.end().catch(() => undefined);
  }
}
