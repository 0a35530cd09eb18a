import { randomUUID } from "node:crypto";
import { createCallbackSender } from "../callback-sender.ts";
import { createTimers, systemClock, type Clock } from "../clock.ts";
import { startHttpServer, type HttpServer } from "../http-server.ts";
import { createRandom } from "../random.ts";
import { createDelivery, type Delays } from "./delivery.ts";
import { tikosmsHandler, type TikosmsPrefix } from "./routes.ts";
import { createState } from "./state.ts";

export { tikosmsScenarios } from "./scenarios.ts";
export type { Delays, TikosmsPrefix };

export interface TikosmsSandboxOptions {
  /** 0, the default, takes any free port. */
  port?: number;
  host?: string;
  /** The API token clients must send; drawn when absent. */
  token?: string;
  /** Which of the documents' two path prefixes to serve. */
  prefix?: TikosmsPrefix;
  clock?: Clock;
  /** Fixes ids, drawn token and jitter. Do not fix it where ids must differ from run to run. */
  seed?: string;
  delays?: Partial<Delays>;
  /** How callbacks that are not answered with 200 are repeated. */
  callbackRetries?: { attempts: number; delayMs: number };
  /** Messages remembered; the oldest beyond are forgotten. */
  maxMessages?: number;
  /** Larger requests are answered with 413. The default takes a bulk request of 100,000 in full dress. */
  maxBodyBytes?: number;
  /** Told of each request and each callback given up; never of numbers or texts. */
  log?: (line: string) => void;
}

export interface TikosmsSandbox extends HttpServer {
  /** To be sent as `Authorization: Bearer <token>`. */
  token: string;
}

/**
 * Starts a stand-in for the TikoSMS API: same paths, bodies and callbacks, and a scenario per recipient
 * (`scenarios.ts`). Rejects when the port is taken.
 */
export async function startTikosmsSandbox(options: TikosmsSandboxOptions = {}): Promise<TikosmsSandbox> {
  const { clock = systemClock, log = () => {}, prefix = "both", maxMessages = 200_000 } = options;
  const { attempts, delayMs } = options.callbackRetries ?? { attempts: 5, delayMs: 500 };
  const random = createRandom(options.seed ?? randomUUID());
  const token = options.token ?? random.uuid();
  const timers = createTimers(clock);
  const userAgent = "TikoSMS-Callback/1.0";
  const sender = createCallbackSender({ userAgent, timers, attempts, retryDelayMs: delayMs, log });
  const delays = { createMs: 150, updateMs: 800, ...options.delays };
  const delivery = createDelivery({ clock, timers, random, sender, delays });
  const state = createState(random, clock.now(), maxMessages);
  const handler = tikosmsHandler({ token, clock, state, delivery, attempted: new Set() }, prefix);

  const { host = "127.0.0.1", port = 0, maxBodyBytes = 32 * 1024 * 1024 } = options;
  const server = await startHttpServer(handler, { host, port, maxBodyBytes, log });
  return {
    ...server,
    token,
    async close() {
      timers.close();
      await Promise.all([server.close(), sender.close()]);
    },
  };
}
