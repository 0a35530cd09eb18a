import { randomUUIDv7 } from "node:crypto";
import { ZodError } from "zod";
import type { Clock } from "../lib/clock.ts";
import type { Database } from "../database/database.ts";
import type { Prisma, Provider } from "../database/generated/client.ts";
import { holdingConnection } from "../database/pool.ts";
import { InvalidInputError, NotFoundError } from "../lib/errors.ts";
import type { DecimalText } from "../providers/provider.ts";
import { registry, type ProviderKind, type RegisteredProvider } from "../providers/registry.ts";
import { storable } from "../lib/storable.ts";
import { announceProviderChange } from "./provider-channel.ts";
import { newCallbackSecret, type Connection, type Connections } from "./connections.ts";

export interface ConnectorOptions {
  database: Database;
  connections: Connections;
  clock: Clock;
  /** Plain `http:` to a host that is not this machine would show credentials to everyone on the way. */
  allowInsecureProviders: boolean;
}

/** What can be said of any connection; absent values take their defaults, null removes a limit or a sender. */
interface CommonInput {
  name?: string | null | undefined;
  enabled?: boolean | null | undefined;
  priority?: number | null | undefined;
  defaultSender?: string | null | undefined;
  /** Submissions per second. */
  maxPerSecond?: number | null | undefined;
  /** Submissions in flight. */
  maxConcurrent?: number | null | undefined;
  /** A balance below this is low, in the provider's own money or units. */
  lowBalance?: DecimalText | null | undefined;
}

/** The rest are settings and credentials, under the names the adapter has for them. */
export type UpdateInput = CommonInput & Record<string, unknown>;
export type ConnectInput = UpdateInput & { name: string };

const longestName = 100;

/** Connects accounts at providers, and changes them. Credentials are encrypted before they are stored. */
export class Connector {
  readonly #options: ConnectorOptions;

  constructor(options: ConnectorOptions) {
    this.#options = options;
  }

  /** @throws InvalidInputError */
  async connect(accountId: string, kind: ProviderKind, input: ConnectInput): Promise<Provider> {
    const { connections, clock, database } = this.#options;
    const adapter = registry[kind];
    const id = randomUUIDv7();
    const { common, own } = split(input, adapter, this.#options.clock.now());
    const { settings, credentials } = this.#parse(adapter, { baseUrl: adapter.documentedBaseUrl }, own);
    const secrets = connections.sealSecrets(id, { credentials, callbackSecret: newCallbackSecret() });
    const now = clock.now();
    const times = { createdAt: now, updatedAt: now };
    const row = await database.prisma.provider.create({
      data: {
        id,
        accountId,
        kind,
        settings,
        secrets,
        ...common,
        name: input.name,
        ...times,
        lane: { create: {} },
      },
    });
    await connections.changed(id);
    await announceProviderChange(database);
    return row;
  }

  /** @throws InvalidInputError @throws NotFoundError */
  async update(accountId: string, id: string, shownId: string, input: UpdateInput): Promise<Provider> {
    const { connections, clock, database } = this.#options;
    const { adapter } = await this.find(accountId, id, shownId);
    const { common, own } = split(input, adapter, clock.now());
    const change = async (prisma: Prisma.TransactionClient): Promise<Provider> => {
      // Not what this process remembers of it: another may be changing it, and neither is to undo the other's.
      await prisma.$queryRaw`select 1 from providers where id = ${id}::uuid for no key update`;
      const row = await prisma.provider.findUniqueOrThrow({ where: { id } });
      if (row.disconnectedAt) throw new NotFoundError("provider", shownId);
      const secrets = connections.openSecrets(row);
      const stored = { ...(row.settings as object), ...secrets.credentials };
      const { settings, credentials } = this.#parse(adapter, stored, own);
      const sealed = connections.sealSecrets(id, { ...secrets, credentials });
      const data = { ...common, settings, secrets: sealed, ...this.#renewal() };
      return prisma.provider.update({ where: { id }, data });
    };
    const changed = await database.prisma.$transaction((prisma) => holdingConnection(() => change(prisma)));
    await connections.changed(id);
    return changed;
  }

  /** Stops using the account. Its messages stay, and receipts for them are still taken. @throws NotFoundError */
  async disconnect(accountId: string, id: string, shownId: string): Promise<Provider> {
    const { connections, clock, database } = this.#options;
    await this.find(accountId, id, shownId);
    const data = { enabled: false, disconnectedAt: clock.now(), ...this.#renewal() };
    const row = await database.prisma.provider.update({ where: { id }, data });
    await connections.changed(id);
    return row;
  }

  /** @throws NotFoundError when the account has no such connection, or disconnected it */
  async find(accountId: string, id: string, shownId: string): Promise<Connection> {
    const connection = await this.#options.connections.get(id);
    if (!connection || connection.row.accountId !== accountId || connection.row.disconnectedAt) {
      throw new NotFoundError("provider", shownId);
    }
    return connection;
  }

  /** What was changed may work again. */
  #renewal() {
    return { drainFailures: 0, drainPausedUntil: null, updatedAt: this.#options.clock.now() };
  }

  #parse(
    adapter: RegisteredProvider,
    base: Record<string, unknown>,
    own: Record<string, unknown>,
  ): { settings: object; credentials: Record<string, string> } {
    for (const [key, value] of Object.entries(own)) if (typeof value === "string") storable(value, key);
    const parsed = parseSettings(adapter, { ...base, ...own });
    const foreign = Object.keys(own).find((key) => !Object.hasOwn(parsed, key));
    if (foreign !== undefined)
      throw new InvalidInputError(foreign, `${adapter.title} has no \`${foreign}\`.`);
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

/** Divides an input into the columns every connection has and the adapter's own settings. @throws InvalidInputError */
function split(input: UpdateInput, adapter: RegisteredProvider, now: Date) {
  const { name, enabled, priority, defaultSender, maxPerSecond, maxConcurrent, lowBalance, ...own } = input;
  if (name != null) checkName(name);
  checkSender(defaultSender, adapter);
  checkLimit("maxPerSecond", maxPerSecond, 0.01);
  checkLimit("maxConcurrent", maxConcurrent, 1);
  return {
    common: {
      ...(name != null && { name }),
      ...(enabled != null && { enabled }),
      ...(priority != null && { priority }),
      ...(defaultSender !== undefined && { defaultSender }),
      ...(maxPerSecond !== undefined && { maxPerSecond }),
      ...(maxConcurrent !== undefined && { maxConcurrent }),
      // Asked for at once, so that what is low by the new threshold is known.
      ...(lowBalance !== undefined && { lowBalance, nextBalanceAt: now }),
    },
    own: Object.fromEntries(Object.entries(own).filter(([, value]) => value != null)),
  };
}

const largestLimit = 10_000;

function checkLimit(field: string, value: number | null | undefined, least: number): void {
  if (value == null || (value >= least && value <= largestLimit)) return;
  throw new InvalidInputError(
    field,
    `\`${field}\` must be ${least} to ${largestLimit}, or null for no limit.`,
  );
}

function checkName(name: string): void {
  if (storable(name, "name").trim() === "" || name.length > longestName) {
    throw new InvalidInputError("name", `\`name\` must have 1 to ${longestName} characters.`);
  }
}

function checkSender(sender: string | null | undefined, adapter: RegisteredProvider): void {
  if (sender == null) return;
  const problem = adapter.senderProblem(storable(sender, "defaultSender"), "");
  if (problem !== undefined) {
    throw new InvalidInputError("defaultSender", `${adapter.title} does not take this sender: ${problem}`);
  }
}
