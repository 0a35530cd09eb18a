import type { BookEntry } from "../book.ts";
import { createFirstAttempts } from "../first-attempts.ts";
import type { HttpServer } from "../http-server.ts";
import { startSandbox, type SandboxOptions } from "../start.ts";
import { createDelivery, type Delays } from "./delivery.ts";
import { pricePerEuro } from "./networks.ts";
import { tikosmsHandler, type TikosmsPrefix } from "./routes.ts";
import { createState, type TikosmsState } from "./state.ts";

export { tikosmsScenarios } from "./scenarios.ts";
export type { Delays, TikosmsPrefix };

/** `maxBodyBytes` defaults to 32 MiB, enough for a bulk request of 100,000 recipients with all fields. */
export interface TikosmsSandboxOptions extends SandboxOptions {
  /** The required API token; random by default. */
  token?: string;
  /** Which of the two documented path prefixes to serve. */
  prefix?: TikosmsPrefix;
  delays?: Partial<Delays>;
}

export interface TikosmsSandbox extends HttpServer {
  /** Send it as `Authorization: Bearer <token>`. */
  token: string;
  /**
   * Makes the account prepaid with this many euros. When they are used up it refuses messages, in words that
   * are not the vendor's.
   */
  prepay(euros: number): void;
  /** Every message that it accepted and still has. */
  book(): BookEntry[];
}

/**
 * Starts a sandbox of the TikoSMS API: the same paths, bodies and callbacks, with a scenario per recipient
 * (`scenarios.ts`). Rejects when the port is in use.
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
  return {
    ...server,
    token,
    prepay: (euros) => state?.prepay(Math.round(euros * pricePerEuro)),
    book: () => (state ? bookOf(state) : []),
  };
}

function bookOf(state: TikosmsState): BookEntry[] {
  return [...state.campaigns()].flatMap(({ messages }) =>
    messages.map(({ to, clientRef: reference, network, parts }) => ({
      to,
      reference,
      cost: (network.price * parts.length) / pricePerEuro,
    })),
  );
}
