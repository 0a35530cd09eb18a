import { readFile } from "node:fs/promises";
import type * as Transport from "@nats-io/transport-node";
import type { NatsConnection, Subscription } from "@nats-io/transport-node";
import { pause } from "../../lib/pause.ts";
import { NatsSetupError, type NatsSettings } from "./settings.ts";

/** Read only when NATS is used. */
type Library = typeof Transport;
type Receive = (payload: string, subject: string) => void;

/** A place in the bus's list of what it listens to. */
export interface Listening {
  stop(): void;
}

export interface BusOptions {
  /** Called once for each outage. */
  onDown: (error: Error) => void;
  onUp: () => void;
}

const connectMs = 2_000;
const retryMs = 500;
const pingMs = 5_000;

/** The connection to NATS. While it is away, everything can be called, and what is listened to begins when it is back. */
export class Bus {
  readonly settings: NatsSettings;
  readonly #library: Library;
  readonly #options: BusOptions;
  readonly #stopping = new AbortController();
  readonly #wanted = new Set<{ subject: string; receive: Receive; subscription?: Subscription }>();
  readonly #downs = new Set<() => void>();
  #connection: NatsConnection | undefined;
  #isUp = false;
  #isDownTold = false;

  /**
   * Connects, or goes on trying while nobody answers.
   * @throws NatsSetupError when NATS answers and does not want us
   */
  static async open(settings: NatsSettings, options: BusOptions): Promise<Bus> {
    const bus = new Bus(settings, options, await import("@nats-io/transport-node"));
    if (!(await bus.#connect())) void bus.#connectLater();
    return bus;
  }

  constructor(settings: NatsSettings, options: BusOptions, library: Library) {
    this.settings = settings;
    this.#options = options;
    this.#library = library;
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  /** Undefined while NATS is away. */
  get connection(): NatsConnection | undefined {
    return this.#isUp ? this.#connection : undefined;
  }

  headers(entries: Readonly<Record<string, string>>) {
    const headers = this.#library.headers();
    for (const [name, value] of Object.entries(entries)) headers.set(name, value);
    return headers;
  }

  inbox(): string {
    return this.#library.createInbox();
  }

  /** Calls `react` whenever the connection is lost. */
  onDown(react: () => void): void {
    this.#downs.add(react);
  }

  listen(subject: string, receive: Receive): Listening {
    const wanted: { subject: string; receive: Receive; subscription?: Subscription } = { subject, receive };
    this.#wanted.add(wanted);
    if (this.#connection) wanted.subscription = subscribe(this.#connection, wanted);
    return {
      stop: () => {
        this.#wanted.delete(wanted);
        wanted.subscription?.unsubscribe();
      },
    };
  }

  async close(): Promise<void> {
    this.#stopping.abort();
    this.#isUp = false;
    await this.#connection?.close();
  }

  async #connectLater(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await pause(retryMs, signal);
      try {
        if (signal.aborted || (await this.#connect())) return;
      } catch (error) {
        this.#tellDown(error as Error);
      }
    }
  }

  async #connect(): Promise<boolean> {
    const { settings } = this;
    const { user, password: pass, token } = settings;
    try {
      const connection = await this.#library.connect({
        servers: [...settings.servers],
        name: "smsgraph",
        ...(user !== undefined && { user, pass: pass ?? "" }),
        ...(token !== undefined && { token }),
        ...(settings.usesTls && { tls: {} }),
        ...(settings.credentialsFile !== undefined && {
          authenticator: this.#library.credsAuthenticator(await readFile(settings.credentialsFile)),
        }),
        timeout: connectMs,
        pingInterval: pingMs,
        maxPingOut: 2,
        maxReconnectAttempts: -1,
        reconnectTimeWait: retryMs,
        ignoreAuthErrorAbort: true,
      });
      if (this.#stopping.signal.aborted) await connection.close();
      else this.#adopt(connection);
      return true;
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      const problem = setupProblem(error, this.#library, settings);
      if (problem) throw problem;
      this.#tellDown(error);
      return false;
    }
  }

  #adopt(connection: NatsConnection): void {
    this.#connection = connection;
    for (const wanted of this.#wanted) wanted.subscription = subscribe(connection, wanted);
    this.#goUp();
    void this.#watch(connection);
  }

  async #watch(connection: NatsConnection): Promise<void> {
    for await (const { type } of connection.status()) {
      if (type === "reconnect") this.#goUp();
      if (type === "disconnect") this.#goDown(new Error("the connection to NATS was lost"));
    }
  }

  #goUp(): void {
    this.#isUp = true;
    this.#isDownTold = false;
    this.#options.onUp();
  }

  #goDown(error: Error): void {
    this.#isUp = false;
    if (this.#stopping.signal.aborted) return;
    this.#tellDown(error);
    for (const react of this.#downs) react();
  }

  #tellDown(error: Error): void {
    if (!this.#isDownTold) this.#options.onDown(error);
    this.#isDownTold = true;
  }
}

function subscribe(
  connection: NatsConnection,
  { subject, receive }: { subject: string; receive: Receive },
): Subscription {
  return connection.subscribe(subject, {
    callback: (error, message) => {
      if (!error) receive(message.string(), message.subject);
    },
  });
}

/** What somebody has to correct, in contrast to an outage. */
function setupProblem(
  error: Error & { code?: string },
  { AuthorizationError, UserAuthenticationExpiredError }: Library,
  { credentialsFile, servers }: NatsSettings,
): NatsSetupError | undefined {
  const where = servers.join(", ");
  if (error instanceof AuthorizationError || error instanceof UserAuthenticationExpiredError)
    return new NatsSetupError(
      `NATS at ${where} refuses us (${error.message}). Correct the user and password or the token in NATS_URL, or the file of NATS_CREDENTIALS.`,
    );
  if (credentialsFile !== undefined && (error.code === "ENOENT" || error.code === "EACCES"))
    return new NatsSetupError(`The file of NATS_CREDENTIALS cannot be read: ${error.message}.`);
  return undefined;
}
