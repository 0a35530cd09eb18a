import type { BookEntry } from "../book.ts";
import { createFirstAttempts } from "../first-attempts.ts";
import type { HttpServer } from "../http-server.ts";
import { startSandbox, type SandboxOptions } from "../start.ts";
import type { TonkraVariant } from "./context.ts";
import { tonkraHandler } from "./routes.ts";
import { createState, type TonkraState } from "./state.ts";

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
  /** Every message that it accepted and still has. */
  book(): BookEntry[];
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
  let state: TonkraState | undefined;
  const server = await startSandbox(options, "Tonkra", ({ clock, random, maxMessages }) => {
    token ||= `255|${random.uuid().replaceAll("-", "")}${random.uuid().slice(-12)}abcd`;
    state = createState(random, clock.now(), maxMessages);
    return tonkraHandler({
      token,
      clock,
      state,
      reportMs,
      attempts: createFirstAttempts(),
      variant: { ...usualVariant, ...options.variant },
    });
  });
  return { ...server, token, book: () => (state ? bookOf(state) : []) };
}

function bookOf(state: TonkraState): BookEntry[] {
  const own = state.messages().filter(({ isForeign }) => !isForeign);
  return own.map(({ to, parts, startsAt }) => ({
    to,
    reference: null,
    cost: parts,
    takenAt: new Date(startsAt),
  }));
}
