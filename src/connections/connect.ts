import { randomUUIDv7 } from "node:crypto";
import type { Clock } from "../lib/clock.ts";
import type { Database } from "../database/database.ts";
import type { Prisma, Provider } from "../database/generated/client.ts";
import { InvalidInputError, NotFoundError, TooManyProvidersError } from "../lib/errors.ts";
import { requireStorable } from "../lib/storable.ts";
import { registry, type ProviderKind, type RegisteredProvider } from "../providers/registry.ts";
import { isPrivateHost } from "../lib/public-addresses.ts";
import { announceProviderChange } from "../lanes/provider-channel.ts";
import { auditProvider } from "./audit-provider.ts";
import { newCallbackSecret, rotateSecrets } from "./callback-secrets.ts";
import type { Connection, Connections } from "./connections.ts";
import {
  checkCredentials,
  parseSettings,
  split,
  wantsNewSession,
  type ConnectInput,
  type UpdateInput,
} from "./provider-settings.ts";

interface ConnectorOptions {
  database: Database;
  connections: Connections;
  clock: Clock;
  /** Allows `http:` beyond this machine, which sends credentials unencrypted. */
  allowInsecureProviders: boolean;
  /**
   * Allows private addresses. If false, users who connect providers cannot reach services that only this
   * machine can reach.
   */
  allowPrivateProviders: boolean;
  /** Maximum number of connected providers of one account. */
  maxProvidersPerAccount: number;
}

/**
 * Connects provider accounts, updates and disconnects them. Credentials are encrypted before they are stored.
 */
export class Connector {
  readonly #options: ConnectorOptions;

  constructor(options: ConnectorOptions) {
    this.#options = options;
  }

  /** @throws InvalidInputError @throws TooManyProvidersError */
  async connect(accountId: string, kind: ProviderKind, input: ConnectInput): Promise<Provider> {
    const { connections, clock, database } = this.#options;
    const adapter = registry[kind];
    const id = randomUUIDv7();
    const { common, adapterSettings } = split(input, adapter, this.#options.clock.now());
    const { settings, credentials } = this.#parse(
      adapter,
      { baseUrl: adapter.documentedBaseUrl },
      adapterSettings,
    );
    await this.#checkHost(adapterSettings);
    const secrets = connections.sealSecrets(id, { credentials, callbackSecret: newCallbackSecret() });
    const now = clock.now();
    const times = { createdAt: now, updatedAt: now };
    const data = { id, accountId, kind, settings, secrets, ...common, name: input.name, ...times };
    const row = await database.prisma.$transaction(async (prisma) => {
      await this.#checkNumber(prisma, accountId);
      const created = await prisma.provider.create({ data: { ...data, lane: { create: {} } } });
      await auditProvider(prisma, "PROVIDER_CONNECTED", {
        after: { row: created, secrets: { credentials } },
      });
      return created;
    });
    await connections.changed(id);
    await announceProviderChange(database);
    return row;
  }

  /** @throws InvalidInputError @throws NotFoundError */
  async update(accountId: string, id: string, input: UpdateInput): Promise<Provider> {
    const { connections, clock, database } = this.#options;
    const { adapter } = await this.find(accountId, id);
    const { common, adapterSettings } = split(input, adapter, clock.now());
    await this.#checkHost(adapterSettings);
    const changed = await database.prisma.$transaction(async (prisma) => {
      const row = await lockConnected(prisma, id);
      const secrets = connections.openSecrets(row);
      const stored = { ...(row.settings as object), ...secrets.credentials };
      const { settings, credentials } = this.#parse(adapter, stored, adapterSettings);
      checkCredentials(adapter, stored, settings, adapterSettings);
      if (wantsNewSession(secrets.credentials, credentials, stored, settings)) {
        await prisma.providerState.deleteMany({ where: { providerId: id } });
      }
      const sealed = connections.sealSecrets(id, { ...secrets, credentials });
      const data = { ...common, settings, secrets: sealed, ...this.#renewal() };
      const updated = await prisma.provider.update({ where: { id }, data });
      await auditProvider(prisma, "PROVIDER_UPDATED", {
        before: { row, secrets: { credentials: secrets.credentials } },
        after: { row: updated, secrets: { credentials } },
      });
      return updated;
    });
    await connections.changed(id);
    return changed;
  }

  /**
   * Gives the connection a new callback URL. The earlier ones become invalid after the overlap.
   * @throws InvalidInputError
   * @throws NotFoundError
   */
  async rotateCallbackSecret(accountId: string, id: string, overlapHours: number): Promise<Provider> {
    const { connections, clock, database } = this.#options;
    checkOverlap(overlapHours);
    await this.find(accountId, id);
    const changed = await database.prisma.$transaction(async (prisma) => {
      const row = await lockConnected(prisma, id);
      const { credentials, ...callback } = connections.openSecrets(row);
      const rotated = rotateSecrets(callback, clock.now(), overlapHours * 3_600_000);
      const secrets = connections.sealSecrets(id, { credentials, ...rotated });
      const data = { secrets, updatedAt: clock.now() };
      const updated = await prisma.provider.update({ where: { id }, data });
      await auditProvider(prisma, "CALLBACK_SECRET_ROTATED", {
        before: { row, secrets: callback },
        after: { row: updated, secrets: rotated },
      });
      return updated;
    });
    await connections.changed(id);
    return changed;
  }

  /**
   * Disconnects the provider. Its messages stay; its callback URL stops working at once.
   * @throws NotFoundError
   */
  async disconnect(accountId: string, id: string): Promise<Provider> {
    const { connections, clock, database } = this.#options;
    await this.find(accountId, id);
    const data = { enabled: false, disconnectedAt: clock.now(), ...this.#renewal() };
    const row = await database.prisma.$transaction(async (prisma) => {
      const before = await lockConnected(prisma, id);
      const updated = await prisma.provider.update({ where: { id }, data });
      await auditProvider(prisma, "PROVIDER_DISCONNECTED", {
        before: { row: before },
        after: { row: updated },
      });
      return updated;
    });
    await connections.changed(id);
    return row;
  }

  /**
   * @throws NotFoundError when the account has no such connection, or has disconnected it
   */
  async find(accountId: string, id: string): Promise<Connection> {
    const connection = await this.#options.connections.get(id);
    if (!connection || connection.row.accountId !== accountId || connection.row.disconnectedAt) {
      throw new NotFoundError("Provider", id);
    }
    return connection;
  }

  /**
   * Locks the account, so that two concurrent calls cannot both take the last place.
   * @throws TooManyProvidersError
   */
  async #checkNumber(prisma: Prisma.TransactionClient, accountId: string): Promise<void> {
    const { maxProvidersPerAccount } = this.#options;
    await prisma.$queryRaw`select 1 from accounts where id = ${accountId}::uuid for no key update`;
    const connected = await prisma.provider.count({ where: { accountId, disconnectedAt: null } });
    if (connected >= maxProvidersPerAccount) throw new TooManyProvidersError(maxProvidersPerAccount);
  }

  /** A change may repair what failed, so receipts are fetched again at once. */
  #renewal() {
    return { drainFailures: 0, drainPausedUntil: null, updatedAt: this.#options.clock.now() };
  }

  #parse(
    adapter: RegisteredProvider,
    base: Record<string, unknown>,
    adapterSettings: Record<string, unknown>,
  ): { settings: object; credentials: Record<string, string> } {
    for (const [key, value] of Object.entries(adapterSettings))
      if (typeof value === "string") requireStorable(value, key);
    const parsed = parseSettings(adapter, { ...base, ...adapterSettings });
    const foreign = Object.keys(adapterSettings).find((key) => !Object.hasOwn(parsed, key));
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

  /**
   * @throws InvalidInputError when the given base URL leads into a private network
   */
  async #checkHost({ baseUrl }: Record<string, unknown>): Promise<void> {
    const url = typeof baseUrl === "string" ? URL.parse(baseUrl) : null;
    if (!url || this.#options.allowPrivateProviders || !(await isPrivateHost(url.hostname))) return;
    throw new InvalidInputError(
      "baseUrl",
      "`baseUrl` leads into a private network. Give a public address; the operator of this server can allow private " +
        "ones with ALLOW_PRIVATE_PROVIDERS.",
    );
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

const maxOverlapHours = 720;

function checkOverlap(hours: number): void {
  if (hours >= 0 && hours <= maxOverlapHours) return;
  throw new InvalidInputError("overlapHours", `\`overlapHours\` must be 0 to ${maxOverlapHours}.`);
}

/**
 * Reads the row under a lock instead of using the cached connection: another process may be changing it, and
 * neither change may be lost.
 */
async function lockConnected(prisma: Prisma.TransactionClient, id: string): Promise<Provider> {
  await prisma.$queryRaw`select 1 from providers where id = ${id}::uuid for no key update`;
  const row = await prisma.provider.findUniqueOrThrow({ where: { id } });
  if (row.disconnectedAt) throw new NotFoundError("Provider", id);
  return row;
}
