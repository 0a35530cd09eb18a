import { createFirstAttempts } from "../first-attempts.ts";
import type { HttpServer } from "../http-server.ts";
import { startSandbox, type SandboxOptions } from "../start.ts";
import { createDelivery, type Delays } from "./delivery.ts";
import { pricePerEuro } from "./networks.ts";
import { tikosmsHandler, type TikosmsPrefix } from "./routes.ts";
import { createState, type TikosmsState } from "./state.ts";

export { tikosmsScenarios } from "./scenarios.ts";
export type { Delays, TikosmsPrefix };

/** `maxBodyBytes` is 32 MiB by default, which takes a bulk request of 100,000 in full dress. */
export interface TikosmsSandboxOptions extends SandboxOptions {
  /** The API token clients must send; drawn when absent. */
  token?: string;
  /** Which of the documents' two path prefixes to serve. */
  prefix?: TikosmsPrefix;
  delays?: Partial<Delays>;
}

export interface TikosmsSandbox extends HttpServer {
  /** To be sent as `Authorization: Bearer <token>`. */
  token: string;
  /** Makes the account a prepaid one with so many euros: at nothing it refuses, in words of the sandbox's own. */
  prepay(euros: number): void;
}

/**
 * Starts a stand-in for the TikoSMS API: same paths, bodies and callbacks, and a scenario per recipient
 * (`scenarios.ts`). Rejects when the port is taken.
 */
export async function startTikosmsSandbox(options: TikosmsSandboxOptions = {}): Promise<TikosmsSandbox> {
  let token = options.token ?? "";
  let state: TikosmsState | undefined;
  const server = await startSandbox(options, "TikoSMS-Callback/1.0", (parts) => {
    const { clock, random, maxMessages } = parts;
    token = options.token ?? random.uuid();
    const delays = { createMs: 150, updateMs: 800, ...options.delays };
    const delivery = createDelivery({ ...parts, delays });
    state = createState(random, clock.now(), maxMessages);
    const context = { token, clock, state, delivery, attempts: createFirstAttempts() };
    return tikosmsHandler(context, options.prefix ?? "both");
  });
  return { ...server, token, prepay: (euros) => state?.prepay(Math.round(euros * pricePerEuro)) };
}
