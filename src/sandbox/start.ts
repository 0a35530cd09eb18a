import { randomUUID } from "node:crypto";
import { createCallbackSender, type CallbackSender } from "./callback-sender.ts";
import { createTimers, systemClock, type Clock, type Timers } from "./clock.ts";
import { startHttpServer, type HttpServer, type SandboxHandler } from "./http-server.ts";
import { createRandom, type Random } from "./random.ts";

/** What every sandbox can be told. */
export interface SandboxOptions {
  /** 0, the default, takes any free port. */
  port?: number;
  host?: string;
  clock?: Clock;
  /** Fixes ids, drawn credentials and jitter. Do not fix it where ids must differ from run to run. */
  seed?: string;
  /** How callbacks that are not answered with 200 are repeated. */
  callbackRetries?: { attempts: number; delayMs: number };
  /** Messages remembered; the oldest beyond are forgotten. Default 200,000. */
  maxMessages?: number;
  /** Larger requests are answered with 413. */
  maxBodyBytes?: number;
  /** Told of each request and each callback given up; never of numbers or texts. */
  log?: (line: string) => void;
}

/** What every sandbox is made of. */
export interface SandboxParts {
  clock: Clock;
  timers: Timers;
  random: Random;
  sender: CallbackSender;
  maxMessages: number;
}

/** Serves what `build` makes of the parts, until closed. Rejects when the port is taken. */
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
