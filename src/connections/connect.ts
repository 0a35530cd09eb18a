import { randomUUIDv7 } from "node:crypto";
import { ZodError } from "zod";
import type { Clock } from "../clock.ts";
import type { Database } from "../database/database.ts";
import type { Provider } from "../database/generated/client.ts";
import { InvalidInputError, NotFoundError } from "../errors.ts";
import { registry, type ProviderKind, type RegisteredProvider } from "../providers/registry.ts";
import { newCallbackSecret, type Connection, type Connections } from "./connections.ts";

export interface ConnectorOptions {
  database: Database;
  connections: Connections;
  clock: Clock;
  /** Plain `http:` to a host that is not this machine would show credentials to everyone on the way. */
  allowInsecureProviders: boolean;
}

/** What a caller gives for a new connection; absent values take their defaults. */
export interface ConnectInput {
  name: string;
  baseUrl?: string | null | undefined;
  priority?: number | null | undefined;
  timeZone?: string | null | undefined;
  defaultSender?: string | null | undefined;
  /** The kind's own credentials and settings. */
  own: Record<string, unknown>;
}

export interface UpdateInput {
  name?: string | null | undefined;
  enabled?: boolean | null | undefined;
  priority?: number | null | undefined;
  timeZone?: string | null | undefined;
  defaultSender?: string | null | undefined;
  baseUrl?: string | null | undefined;
  own?: Record<string, unknown>;
}

const longestName = 100;

/** Connects accounts at providers, and changes them. Credentials are encrypted before they are stored. */
export class Connector {
  readonly #options: ConnectorOptions;

  constructor(options: ConnectorOptions) {
    this.#options = options;
  }

  /** @throws InvalidInputError */
  async connect(accountId: string, kind: ProviderKind, input: ConnectInput): Promise<Provider> {
    const { connections, clock } = this.#options;
    const adapter = registry[kind];
    const id = randomUUIDv7();
    checkName(input.name);
    checkSender(input.defaultSender, adapter);
    const base = { baseUrl: input.baseUrl ?? adapter.documentedBaseUrl, timeZone: input.timeZone ?? "UTC" };
    const { settings, credentials } = this.#parse(adapter, { ...base, ...given(input.own) });
    const callbackSecret = newCallbackSecret();
    const now = clock.now();
    return this.#options.database.prisma.provider.create({
      data: {
        id,
        accountId,
        kind,
        name: input.name,
        priority: input.priority ?? 100,
        defaultSender: input.defaultSender ?? null,
        settings,
        secrets: connections.sealSecrets(id, { credentials, callbackSecret }),
        createdAt: now,
        updatedAt: now,
      },
    });
  }

  /** @throws InvalidInputError @throws NotFoundError */
  async update(accountId: string, id: string, shownId: string, input: UpdateInput): Promise<Provider> {
    const { row, adapter } = await this.find(accountId, id, shownId);
    if (input.name != null) checkName(input.name);
    checkSender(input.defaultSender, adapter);
    const secrets = this.#options.connections.openSecrets(row);
    const stored = { ...(row.settings as object), ...secrets.credentials };
    const changed = given({ ...input.own, baseUrl: input.baseUrl, timeZone: input.timeZone });
    const { settings, credentials } = this.#parse(adapter, { ...stored, ...changed });
    return this.#write(id, {
      ...given({ name: input.name, enabled: input.enabled, priority: input.priority }),
      ...(input.defaultSender !== undefined && { defaultSender: input.defaultSender }),
      settings,
      secrets: this.#options.connections.sealSecrets(id, { ...secrets, credentials }),
    });
  }

  /** Stops using the account. Its messages stay, and receipts for them are still taken. @throws NotFoundError */
  async disconnect(accountId: string, id: string, shownId: string): Promise<Provider> {
    await this.find(accountId, id, shownId);
    return this.#write(id, { enabled: false, disconnectedAt: this.#options.clock.now() });
  }

  /** @throws NotFoundError when the account has no such connection, or disconnected it */
  async find(accountId: string, id: string, shownId: string): Promise<Connection> {
    const connection = await this.#options.connections.get(id);
    if (!connection || connection.row.accountId !== accountId || connection.row.disconnectedAt) {
      throw new NotFoundError("provider", shownId);
    }
    return connection;
  }

  async #write(id: string, data: object): Promise<Provider> {
    const { database, clock, connections } = this.#options;
    const row = await database.prisma.provider.update({
      where: { id },
      data: { ...data, updatedAt: clock.now() },
    });
    await connections.changed(id);
    return row;
  }

  #parse(
    adapter: RegisteredProvider,
    raw: Record<string, unknown>,
  ): { settings: object; credentials: Record<string, string> } {
    const parsed = parseSettings(adapter, raw);
    this.#checkBaseUrl(new URL(parsed["baseUrl"] as string));
    const entries = Object.entries(parsed);
    const isSecret = ([key]: [string, unknown]): boolean => adapter.secretKeys.includes(key);
    return {
      settings: Object.fromEntries(entries.filter((entry) => !isSecret(entry))),
      credentials: Object.fromEntries(entries.filter(isSecret)) as Record<string, string>,
    };
  }

  #checkBaseUrl(url: URL): void {
    const loopback = ["localhost", "127.0.0.1", "[::1]"].includes(url.hostname);
    if (
      url.protocol === "https:" ||
      (url.protocol === "http:" && (loopback || this.#options.allowInsecureProviders))
    ) {
      return;
    }
    throw new InvalidInputError(
      "baseUrl",
      "baseUrl must start with https://, since credentials travel over it.",
    );
  }
}

function parseSettings(adapter: RegisteredProvider, raw: Record<string, unknown>): Record<string, unknown> {
  try {
    return { ...adapter.parseSettings(raw) };
  } catch (error) {
    if (!(error instanceof ZodError)) throw error;
    const [issue] = error.issues;
    const field = issue?.path.join(".") ?? "";
    throw new InvalidInputError(field, `\`${field}\`: ${issue?.message ?? "is not valid"}.`);
  }
}

const given = (values: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value != null));

function checkName(name: string): void {
  if (name.trim() === "" || name.length > longestName || name.includes("\0") || !name.isWellFormed()) {
    throw new InvalidInputError("name", `\`name\` must have 1 to ${longestName} characters.`);
  }
}

function checkSender(sender: string | null | undefined, adapter: RegisteredProvider): void {
  if (sender == null) return;
  const problem = adapter.senderProblem(sender, "");
  if (problem !== undefined || sender.includes("\0") || !sender.isWellFormed()) {
    throw new InvalidInputError(
      "defaultSender",
      `${adapter.title} does not take this sender: ${problem ?? "not text"}`,
    );
  }
}
