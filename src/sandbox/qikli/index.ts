import type { BookEntry } from "../book.ts";
import { createFirstAttempts } from "../first-attempts.ts";
import type { HttpServer } from "../http-server.ts";
import { startSandbox, type SandboxOptions, type SandboxParts } from "../start.ts";
import type { QikliContext } from "./context.ts";
import { createDelivery } from "./delivery.ts";
import { createPusher } from "./push.ts";
import { qikliHandler } from "./routes.ts";
import { createState, type QikliState } from "./state.ts";
import { errors, statuses } from "../../wire/qikli/statuses.ts";

export { qikliScenarios } from "./scenarios.ts";

export interface QikliSandboxOptions extends SandboxOptions {
  /** The required user name; default `sandbox`. */
  username?: string;
  /** The required password; random by default. */
  password?: string;
  delays?: Partial<Delays>;
  /** Also serves `/sms/1/logs`, which the platform has and the vendor's documentation does not. */
  logs?: boolean;
}

interface Delays {
  /** Time from acceptance to the first report, and between reports, varied by up to a fifth. */
  reportMs: number;
  /** How long a pushed report waits for others to share its request. */
  batchMs: number;
}

export interface QikliSandbox extends HttpServer {
  /** For Basic authentication. */
  username: string;
  password: string;
  /** Every message that it accepted and still has. */
  book(): BookEntry[];
}

/**
 * Starts a sandbox of the Qikli API: the same paths, bodies and pushed reports, in JSON and XML, with a
 * scenario per recipient (`scenarios.ts`). Rejects when the port is in use.
 */
export async function startQikliSandbox(options: QikliSandboxOptions = {}): Promise<QikliSandbox> {
  const { username = "sandbox" } = options;
  let password = options.password ?? "";
  let state: QikliState | undefined;
  const server = await startSandbox(options, "Qikli-Reports/1.0", (parts) => {
    password = options.password ?? parts.random.uuid();
    const credentials = Buffer.from(`${username}:${password}`).toString("base64");
    const context = createContext(parts, `Basic ${credentials}`, options);
    ({ state } = context);
    return qikliHandler(context);
  });
  return { ...server, username, password, book: () => (state ? bookOf(state) : []) };
}

function bookOf(state: QikliState): BookEntry[] {
  return [...state.log()].map(({ message: { to, id: reference } }) => ({ to, reference, cost: null }));
}

function createContext(
  parts: SandboxParts,
  authorization: string,
  { delays = {}, logs = false }: QikliSandboxOptions,
): QikliContext {
  const { clock, random, timers, sender, maxMessages } = parts;
  const { reportMs = 800, batchMs = 20 } = delays;
  const state = createState({ status: statuses.accepted, error: errors.none }, maxMessages);
  const push = createPusher({ sender, timers, batchMs, givenUp: (report) => state.enqueue(report) });
  const delivery = createDelivery({ clock, timers, random, state, push, reportMs });
  return { authorization, clock, random, state, delivery, attempts: createFirstAttempts(), logs };
}
