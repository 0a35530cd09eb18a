import { randomUUID } from "node:crypto";
import { createCallbackSender, type CallbackSender } from "./callback-sender.ts";
import { createTimers, systemClock, type Clock, type Timers } from "./clock.ts";
import { startHttpServer, type HttpServer, type SandboxHandler } from "./http-server.ts";
import { createRandom, type Random } from "./random.ts";

/** Options that every sandbox has. */
export interface SandboxOptions {
  /** 0, the default: any free port. */
  port?: number;
  host?: string;
  clock?: Clock;
  /**
   * Makes ids, generated credentials and delays repeatable. Leave it out where ids must differ between runs.
   */
  seed?: string;
  /** How callbacks are retried that were not answered with 200. */
  callbackRetries?: { attempts: number; delayMs: number };
  /** Maximum messages kept; the oldest are dropped. Default 200,000. */
  maxMessages?: number;
  /** Larger requests are answered with 413. */
  maxBodyBytes?: number;
  /** Receives a line for each request and each callback given up; never contains numbers or texts. */
  log?: (line: string) => void;
}

/** The parts that every sandbox is built from. */
export interface SandboxParts {
  clock: Clock;
  timers: Timers;
  random: Random;
  sender: CallbackSender;
  maxMessages: number;
}

/** Serves the handler that `build` returns until closed. Rejects when the port is in use. */
export async function startSandbox(
  options: SandboxOptions,
  userAgent: string,
  build: (parts: SandboxParts) => SandboxHandler,
): Promise<HttpServer> {
  const { clock = systemClock, log = () => {}, maxMessages = 200_000 } = options;
  const { attempts, delayMs } = options.callbackRetries ?? { attempts: 5, delayMs: 500 };
  const random = createRandom(options.seed ?? randomUUID());
  const timers = createTimers(clock);
  const sender = createCallbackSender({ userAgent, timers, attempts, retryDelayMs: delayMs, log });
  const handler = build({ clock, timers, random, sender, maxMessages });
  const { host = "127.0.0.1", port = 0, maxBodyBytes = 32 * 1024 * 1024 } = options;
  const server = await startHttpServer(handler, { host, port, maxBodyBytes, log });
  return {
    ...server,
    async close() {
      timers.close();
      await Promise.all([server.close(), sender.close()]);
    },
  };
}
