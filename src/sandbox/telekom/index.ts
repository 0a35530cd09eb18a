import type { BookEntry } from "../book.ts";
import { createFirstAttempts } from "../first-attempts.ts";
import type { HttpServer } from "../http-server.ts";
import { startSandbox, type SandboxOptions } from "../start.ts";
import { createDelivery, type Delays } from "./delivery.ts";
import { telekomHandler } from "./routes.ts";
import { createSessions } from "./sessions.ts";
import { createState, type TelekomState } from "./state.ts";

export { telekomScenarios } from "./scenarios.ts";
export type { Delays };

export interface TelekomSandboxOptions extends SandboxOptions {
  /** The required API key; random by default, with 64 characters as in the documentation. */
  token?: string;
  /** Where callbacks are posted. This is a setting of the API key, not of a message. */
  callbackUrl?: string;
  /** The time zone of `delivery_time` and `deliveryDateTime`. */
  timeZone?: string;
  /** Refuses every call, as if this address was not allowed. */
  refusedAddress?: string;
  delays?: Partial<Delays>;
}

export interface TelekomSandbox extends HttpServer {
  /** Send it as `token` in each body, or to `auth`. */
  token: string;
  /** Stands for the API key's settings in the web application. Undefined: no callbacks. */
  setCallbackUrl: (url: string | undefined) => void;
  /** Every message that it accepted and still has. */
  book(): BookEntry[];
}

/**
 * Starts a sandbox of the Telekom SK API v1, JSON and XML: the same paths, bodies and callbacks, with a
 * scenario per recipient (`scenarios.ts`). Rejects when the port is in use.
 */
export async function startTelekomSandbox(options: TelekomSandboxOptions = {}): Promise<TelekomSandbox> {
  const { timeZone = "Europe/Bratislava" } = options;
  let { callbackUrl, token = "" } = options;
  let state: TelekomState | undefined;
  const server = await startSandbox(options, "SMSDirect-Callback/1.0", (parts) => {
    const { clock, random } = parts;
    token ||= `${random.uuid()}${random.uuid()}`.replaceAll("-", "");
    const delays = { sentMs: 150, finalMs: 800, ...options.delays };
    const delivery = createDelivery({ ...parts, delays, callbackUrl: () => callbackUrl });
    state = createState(100_000_000 + Math.floor(random.fraction() * 800_000_000), parts.maxMessages);
    const sessions = createSessions(clock, random);
    const context = { token, timeZone, clock, sessions, state, delivery, attempts: createFirstAttempts() };
    return telekomHandler(context, options.refusedAddress);
  });
  return {
    ...server,
    token,
    setCallbackUrl: (url) => {
      callbackUrl = url;
    },
    book: () => (state ? bookOf(state) : []),
  };
}

function bookOf(state: TelekomState): BookEntry[] {
  return [...state.messages()].map(({ to }) => ({ to: to.replace(/\D/g, ""), reference: null, cost: null }));
}
