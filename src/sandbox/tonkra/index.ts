import { createFirstAttempts } from "../first-attempts.ts";
import type { HttpServer } from "../http-server.ts";
import { startSandbox, type SandboxOptions } from "../start.ts";
import type { TonkraVariant } from "./context.ts";
import { tonkraHandler } from "./routes.ts";
import { createState } from "./state.ts";

export { tonkraScenarios } from "./scenarios.ts";
export type { TonkraVariant };

export interface TonkraSandboxOptions extends Omit<SandboxOptions, "callbackRetries"> {
  /** The required API token; random by default. */
  token?: string;
  /** How this installation differs from the usual one. */
  variant?: Partial<TonkraVariant>;
  /** Time from acceptance to the first report, and between reports. Default 800. */
  reportMs?: number;
}

export interface TonkraSandbox extends HttpServer {
  /** Send it as `api_token`, or under `/api/v3` as `Authorization: Bearer <token>`. */
  token: string;
}

const usualVariant: TonkraVariant = {
  version: "new",
  singleSchedule: "ignored",
  bodies: "real",
  balance: "units",
  apis: "both",
  timeZone: "UTC",
};

/**
 * Starts a sandbox of the Tonkra API: the same paths and bodies, with a scenario per recipient
 * (`scenarios.ts`). Rejects when the port is in use.
 */
export async function startTonkraSandbox(options: TonkraSandboxOptions = {}): Promise<TonkraSandbox> {
  const { reportMs = 800 } = options;
  let { token = "" } = options;
  const server = await startSandbox(options, "Tonkra", ({ clock, random, maxMessages }) => {
    token ||= `255|${random.uuid().replaceAll("-", "")}${random.uuid().slice(-12)}abcd`;
    return tonkraHandler({
      token,
      clock,
      state: createState(random, clock.now(), maxMessages),
      reportMs,
      attempts: createFirstAttempts(),
      variant: { ...usualVariant, ...options.variant },
    });
  });
  return { ...server, token };
}
