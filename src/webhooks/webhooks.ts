import { randomUUID, randomUUIDv7 } from "node:crypto";
import type { AuditAction } from "../audit/actions.ts";
import type { SecretBox } from "../connections/secret-box.ts";
import type { Database, Statement } from "../database/database.ts";
import type { Prisma, Webhook, WebhookStream } from "../database/generated/client.ts";
import { Buckets } from "../lib/buckets.ts";
import type { Clock } from "../lib/clock.ts";
import { InvalidInputError, RateLimitedError, TooManyWebhooksError } from "../lib/errors.ts";
import type { EventFilter } from "../messages/log/event-filter.ts";
import { comparePositions } from "../messages/log/event-log.ts";
import type { Position } from "../messages/log/logged-event.ts";
import { auditWebhook } from "./audit-webhook.ts";
import { headerId, testBody } from "./bodies.ts";
import { webhookChannel } from "./channel.ts";
import { Endpoints, type Answer } from "./endpoints.ts";
import type { WebhookLimits } from "./limits.ts";
import { allowed, checkStream, restrictionsOf, type WebhookOwner } from "./owner.ts";
import { endOf, positionSince } from "./positions.ts";
import { checkBatchSize, checkName, checkUrl, type EndpointRules } from "./settings.ts";
import { newSecret, rotate, signedHeaders, type SigningSecrets } from "./signing.ts";

interface NewWebhook {
  name: string;
  url: string;
  stream: WebhookStream;
  filter: EventFilter;
  batchSize: number;
  withoutTexts: boolean;
}

type WebhookChanges = Partial<Omit<NewWebhook, "stream"> & { enabled: boolean }>;

/** Where a replay begins: exactly one of the two. */
interface ReplayStart {
  after?: Position | undefined;
  since?: Date | undefined;
}

interface WebhooksOptions extends EndpointRules {
  database: Database;
  box: SecretBox;
  clock: Clock;
  limits: WebhookLimits;
  maxWebhooksPerAccount: number;
}

const announce: Statement = {
  name: "announce_webhook_change",
  text: `select pg_notify('${webhookChannel}', '')`,
};

/** The columns that a change resets, so that the endpoint is tried at once. */
const fresh = { failures: 0, failingSince: null, retryAt: null, problem: null };

/** The columns that forget a planned batch. */
const unplanned = { batchTx: null, batchId: null };

/** Test deliveries of an account, in this process: each is a request to wherever its caller likes. */
const testLimit = { atOnce: 20, perSecond: 1 / 5 };

/** Makes and changes the webhooks of accounts. `src/webhooks/worker.ts` delivers. */
export class Webhooks {
  readonly #options: WebhooksOptions;
  readonly #endpoints: Endpoints;
  readonly #tests = new Buckets(testLimit);

  constructor(options: WebhooksOptions) {
    this.#options = options;
    const { allowPrivateWebhooks, limits } = options;
    this.#endpoints = new Endpoints({ publicOnly: !allowPrivateWebhooks, ...limits });
  }

  async close(): Promise<void> {
    await this.#endpoints.close();
  }

  /** The address in its usual form, if endpoints may be there. @throws InvalidInputError */
  checkUrl(url: string): Promise<string> {
    return checkUrl(url, this.#options);
  }

  /**
   * The webhook gets events from now on. Only this result contains the secret.
   * @throws InvalidInputError @throws TooManyWebhooksError @throws ForbiddenError
   */
  async create(owner: WebhookOwner, input: NewWebhook): Promise<{ webhook: Webhook; secret: string }> {
    const { database, box, clock } = this.#options;
    checkName(input.name);
    checkBatchSize(input.batchSize);
    const { name, batchSize, withoutTexts, stream } = input;
    const { accountId } = owner;
    checkStream(owner, stream, input.filter);
    const url = await checkUrl(input.url, this.#options);
    const id = randomUUIDv7();
    const secret = newSecret();
    const cursor = await endOf(database, stream);
    const now = clock.now();
    const webhook = await database.prisma.$transaction(async (prisma) => {
      await this.#checkNumber(prisma, accountId);
      const created = await prisma.webhook.create({
        data: {
          id,
          accountId,
          name,
          url,
          stream,
          batchSize,
          withoutTexts,
          filter: restrictionsOf(input.filter),
          secrets: box.seal({ secret } satisfies SigningSecrets, id),
          cursorTx: cursor.tx,
          cursorId: cursor.id,
          createdAt: now,
          updatedAt: now,
        },
      });
      await auditWebhook(prisma, "WEBHOOK_CREATED", { after: created });
      return created;
    });
    await this.#announce();
    return { webhook, secret };
  }

  /**
   * Its worker sees a change at once, or within a second when the notice is lost. A webhook that fails is tried again
   * then, and a disabled one continues where it stopped.
   * @throws InvalidInputError @throws NotFoundError
   */
  async update(owner: WebhookOwner, id: string, changes: WebhookChanges): Promise<Webhook> {
    const { name, batchSize, withoutTexts, enabled, filter } = changes;
    if (name !== undefined) checkName(name);
    if (batchSize !== undefined) checkBatchSize(batchSize);
    const url = changes.url === undefined ? undefined : await checkUrl(changes.url, this.#options);
    return this.#change(owner, id, "WEBHOOK_UPDATED", (webhook, now) => {
      checkStream(owner, webhook.stream, filter);
      return {
        ...(name !== undefined && { name }),
        ...(url !== undefined && { url }),
        ...(batchSize !== undefined && { batchSize }),
        ...(withoutTexts !== undefined && { withoutTexts }),
        ...(filter && { filter: restrictionsOf(filter), ...unplanned }),
        ...(enabled === undefined ? webhook.enabled && fresh : switched(webhook, enabled, now)),
      };
    });
  }

  /** @throws NotFoundError */
  async delete(owner: WebhookOwner, id: string): Promise<Webhook> {
    const webhook = await this.#find(owner, id);
    await this.#options.database.prisma.$transaction(async (prisma) => {
      const { count } = await prisma.webhook.deleteMany({ where: { id } });
      if (count > 0) await auditWebhook(prisma, "WEBHOOK_DELETED", { before: webhook });
    });
    await this.#announce();
    return webhook;
  }

  /**
   * Both secrets sign for a day. Only this result contains the new one.
   * @throws NotFoundError
   */
  async rotateSecret(owner: WebhookOwner, id: string): Promise<{ webhook: Webhook; secret: string }> {
    const { box } = this.#options;
    let secret = "";
    const webhook = await this.#change(owner, id, "WEBHOOK_SECRET_ROTATED", ({ secrets }, now) => {
      const rotated = rotate(box.open(secrets, id) as SigningSecrets, now);
      ({ secret } = rotated);
      return { secrets: box.seal(rotated, id) };
    });
    return { webhook, secret };
  }

  /**
   * Delivers again what was logged since then, under the same ids.
   * @throws InvalidInputError @throws NotFoundError
   */
  async replay(owner: WebhookOwner, id: string, { after, since }: ReplayStart): Promise<Webhook> {
    const { database, clock } = this.#options;
    if ((after === undefined) === (since === undefined))
      throw new InvalidInputError("after", "Give exactly one of `after` and `since`.");
    if (since && since > clock.now())
      throw new InvalidInputError(
        "since",
        "`since` must be in the past: what is to come is delivered anyway.",
      );
    const { stream } = await this.#find(owner, id);
    if (after && comparePositions(after, await endOf(database, stream)) > 0)
      throw new InvalidInputError("after", "`after` is ahead of the log: there is nothing to replay.");
    const start =
      after ?? (since && (await positionSince(database, { stream, accountId: owner.accountId }, since)));
    if (!start) throw new Error("A replay without a start");
    return this.#change(owner, id, "WEBHOOK_REPLAYED", ({ enabled }) => ({
      cursorTx: start.tx,
      cursorId: start.id,
      ...unplanned,
      ...(enabled && fresh),
    }));
  }

  /**
   * Sends a signed request of the type `webhook.test` at once, also to a disabled webhook, and does not repeat it.
   * @throws NotFoundError, RateLimitedError
   */
  async test(owner: WebhookOwner, id: string): Promise<Answer> {
    const { box, clock } = this.#options;
    const { secrets, url, name } = await this.#find(owner, id);
    const { atOnce, perSecond } = testLimit;
    if (!this.#tests.take(owner.accountId, 1))
      throw new RateLimitedError("webhookTests", atOnce, 1 / perSecond, "ACCOUNT");
    const now = clock.now();
    const body = testBody({ id, name }, now);
    const signing = box.open(secrets, id) as SigningSecrets;
    const headers = signedHeaders(signing, headerId(id, [randomUUID()]), body, now);
    return this.#endpoints.post(owner.accountId, url, headers, body);
  }

  /** When the secret before the present one stops signing; null when it has. */
  earlierSecretUntil({ id, secrets }: Webhook): Date | null {
    const { earlier = [] } = this.#options.box.open(secrets, id) as SigningSecrets;
    const [newest] = earlier.map(({ until }) => new Date(until));
    return newest && newest > this.#options.clock.now() ? newest : null;
  }

  async #find(owner: WebhookOwner, id: string): Promise<Webhook> {
    const { prisma } = this.#options.database;
    return allowed(owner, id, await prisma.webhook.findUnique({ where: { id, accountId: owner.accountId } }));
  }

  /** Locks the row, so that neither another change nor the progress that its worker stores is lost. */
  async #change(
    owner: WebhookOwner,
    id: string,
    action: AuditAction,
    change: (webhook: Webhook, now: Date) => Prisma.WebhookUpdateInput,
  ): Promise<Webhook> {
    const { database, clock } = this.#options;
    const changed = await database.prisma.$transaction(async (prisma) => {
      await prisma.$queryRaw`select 1 from webhooks where id = ${id}::uuid for no key update`;
      const found = await prisma.webhook.findUnique({ where: { id, accountId: owner.accountId } });
      const webhook = allowed(owner, id, found);
      const now = clock.now();
      const data = { ...change(webhook, now), revision: { increment: 1 }, updatedAt: now };
      const updated = await prisma.webhook.update({ where: { id }, data });
      await auditWebhook(prisma, action, { before: webhook, after: updated });
      return updated;
    });
    await this.#announce();
    return changed;
  }

  /**
   * Locks the account, so that two concurrent calls cannot both take the last place.
   * @throws TooManyWebhooksError
   */
  async #checkNumber(prisma: Prisma.TransactionClient, accountId: string): Promise<void> {
    const { maxWebhooksPerAccount } = this.#options;
    await prisma.$queryRaw`select 1 from accounts where id = ${accountId}::uuid for no key update`;
    const count = await prisma.webhook.count({ where: { accountId } });
    if (count >= maxWebhooksPerAccount) throw new TooManyWebhooksError(maxWebhooksPerAccount);
  }

  async #announce(): Promise<void> {
    await this.#options.database.query(announce, []);
  }
}

function switched(webhook: Webhook, enabled: boolean, now: Date): Prisma.WebhookUpdateInput {
  if (enabled) return { ...fresh, enabled, disabledAt: null };
  if (!webhook.enabled) return {};
  return { ...fresh, enabled, disabledAt: now, worker: null, problem: "Disabled by `updateWebhook`." };
}
