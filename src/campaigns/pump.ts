import { randomUUID } from "node:crypto";
import type { Clock } from "../clock.ts";
import type { Connection, Connections } from "../connections/connections.ts";
import type { Database, Queryable } from "../database/database.ts";
import type { Listener } from "../database/listener.ts";
import type { Logger } from "../logger.ts";
import type { DispatchMessage } from "../messages/attempts.ts";
import { admitMessages } from "../messages/lane.ts";
import type { Outcomes } from "../messages/outcomes.ts";
import { toSubmission } from "../messages/submission.ts";
import { campaignChannel } from "../messages/tallies.ts";
import { applyChanges } from "../messages/transition.ts";
import type { SubmitOutcome } from "../providers/provider.ts";
import {
  claimMessages,
  readRunningCampaigns,
  type Claim,
  type RunningCampaign,
  type SubmitRequest,
} from "./claim.ts";
import { claimLockSpace } from "./dead-claims.ts";

export interface CampaignPumpOptions {
  database: Database;
  listener: Listener;
  connections: Connections;
  clock: Clock;
  logger: Logger;
  outcomes: Outcomes;
  onOutcome?: (kind: string, outcome: SubmitOutcome["kind"], seconds: number) => void;
}

/** Messages in one claim, and in one statement. */
const largestClaim = 1_000;
/** Requests under way at one provider: bulk ones are few and large; single ones leave connections to single messages. */
const bulkRequests = 4;
const singleRequests = 40;
/** Outcomes that wait to be stored, at most: then nothing more is submitted. */
const mostUnstored = 5_000;

const idleMs = 500;
const disabledMs = 1_000;

/** What this process has under way at a provider. */
interface Slots {
  connection: Connection;
  bulkSize: number;
  /** Requests that may still start. */
  free: number;
  capacity: number;
}

/** Sends the messages of running campaigns: claims them in batches, and hands each provider as much as it takes. */
export class CampaignPump {
  readonly #options: CampaignPumpOptions;
  readonly #worker = randomUUID();
  readonly #slots = new Map<string, Slots>();
  /** Providers that take nothing, until when. */
  readonly #closed = new Map<string, number>();
  readonly #resting = new Map<string, number>();
  readonly #underway = new Set<Promise<void>>();
  #unstored = 0;
  #claims = 0;
  #turn = 0;
  #stopping = false;
  #wake: () => void = () => undefined;
  #running: Promise<void> | undefined;
  #letGo: (() => Promise<void>) | undefined;

  constructor(options: CampaignPumpOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const { listener } = this.#options;
    this.#letGo = await listener.hold(claimLockSpace, this.#worker);
    await listener.on(campaignChannel, () => this.#wake());
    this.#running = this.#run();
  }

  /** Claims no more, and waits for what is under way. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#wake();
    await this.#running;
    await Promise.all(this.#underway);
    await this.#letGo?.();
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      let claimed = 0;
      try {
        claimed = await this.#claimOnce();
      } catch (error) {
        this.#options.logger.error({ error }, "could not claim the messages of a campaign, trying again");
      }
      if (claimed === 0 && !this.#stopping) await this.#pause();
    }
  }

  /** Until something changes, or a campaign has rested. */
  #pause(): Promise<void> {
    const now = performance.now();
    const rests = [...this.#resting.values()].filter((until) => until > now).map((until) => until - now);
    return new Promise((done) => {
      const timer = setTimeout(done, Math.min(idleMs, ...rests));
      this.#wake = () => {
        clearTimeout(timer);
        done();
      };
    });
  }

  /** One claim from the next campaign that has something to send; the most urgent first, equals in turn. */
  async #claimOnce(): Promise<number> {
    if (this.#unstored >= mostUnstored) return 0;
    const campaigns = await readRunningCampaigns(this.#options.database);
    const now = performance.now();
    const awake = campaigns.filter(({ id }) => (this.#resting.get(id) ?? 0) <= now);
    const equals = awake.filter(({ priority }) => priority === awake[0]?.priority);
    const others = awake.slice(equals.length);
    const turn = equals.length === 0 ? 0 : this.#turn++ % equals.length;
    for (const campaign of [...equals.slice(turn), ...equals.slice(0, turn), ...others]) {
      const { requests, restMs } = await this.#claimFrom(campaign);
      if (restMs > 0) this.#resting.set(campaign.id, performance.now() + restMs);
      if (requests.length > 0) return requests.length;
    }
    for (const id of this.#resting.keys())
      if (!campaigns.some((one) => one.id === id)) this.#resting.delete(id);
    return 0;
  }

  async #claimFrom({ id: campaignId }: RunningCampaign): Promise<Claim> {
    const { database, clock } = this.#options;
    const now = clock.now();
    const claim = await database.transaction((transaction) =>
      claimMessages(
        transaction,
        {
          campaignId,
          limit: largestClaim,
          closed: this.#closedProviders(),
          admit: (inner, messages) => this.#admit(inner, messages, now),
          divide: (providerId, messages) => this.#divide(providerId, messages),
        },
        now,
      ),
    );
    for (const request of claim.requests) this.#begin(request, now);
    return claim;
  }

  #closedProviders(): string[] {
    const now = performance.now();
    for (const [id, until] of this.#closed) if (until <= now) this.#closed.delete(id);
    const busy = [...this.#slots].flatMap(([id, slots]) => (isBusy(slots) ? [id] : []));
    return [...this.#closed.keys(), ...busy];
  }

  /** Of the messages found those that their providers take now, by our own slots and by the lanes that all share. */
  async #admit(transaction: Queryable, found: DispatchMessage[], now: Date): Promise<DispatchMessage[]> {
    const wanted: DispatchMessage[] = [];
    for (const [providerId, group] of Map.groupBy(found, (message) => message.providerId)) {
      const slots = await this.#slotsOf(providerId, transaction, group, now);
      if (slots) wanted.push(...group.slice(0, slots.free * slots.bulkSize));
    }
    const bulkSizes = new Map([...this.#slots].map(([id, { bulkSize }]) => [id, bulkSize]));
    const asker = { isCampaign: true, bulkSizes };
    const { admitted, waiting } = await admitMessages(transaction, wanted, now, asker);
    for (const { id, providerId } of wanted) {
      const waitMs = waiting.get(id);
      if (waitMs !== undefined) this.#close(providerId, waitMs);
    }
    return admitted;
  }

  async #slotsOf(
    providerId: string,
    transaction: Queryable,
    messages: readonly DispatchMessage[],
    now: Date,
  ): Promise<Slots | undefined> {
    const connection = await this.#options.connections.get(providerId);
    if (!connection || connection.row.disconnectedAt) {
      await failAll(transaction, messages, now);
      return undefined;
    }
    if (!connection.row.enabled) {
      this.#close(providerId, disabledMs);
      return undefined;
    }
    const slots = this.#slots.get(providerId) ?? newSlots(connection);
    slots.connection = connection;
    this.#slots.set(providerId, slots);
    return slots;
  }

  #close(providerId: string, milliseconds: number): void {
    this.#closed.set(providerId, performance.now() + milliseconds);
  }

  #divide(providerId: string, messages: DispatchMessage[]): SubmitRequest[] {
    const bulkSize = this.#slots.get(providerId)?.bulkSize ?? 1;
    const requests: SubmitRequest[] = [];
    for (let start = 0; start < messages.length; start += bulkSize) {
      const name = `${this.#worker}/${++this.#claims}`;
      requests.push({ name, providerId, messages: messages.slice(start, start + bulkSize) });
    }
    return requests;
  }

  #begin(request: SubmitRequest, startedAt: Date): void {
    const work = this.#submit(request, startedAt)
      .catch((error: unknown) => {
        // The messages are SUBMITTING in the database, and will be found there.
        this.#options.logger.error({ error, claim: request.name }, "a claim of a campaign failed");
      })
      .finally(() => {
        this.#underway.delete(work);
        this.#wake();
      });
    this.#underway.add(work);
  }

  async #submit({ providerId, messages }: SubmitRequest, startedAt: Date): Promise<void> {
    const slots = this.#slots.get(providerId);
    if (!slots) return;
    slots.free--;
    this.#unstored += messages.length;
    try {
      const outcomes = await this.#call(slots, messages, startedAt);
      slots.free++;
      if (!isBusy(slots)) this.#wake();
      const finishedAt = this.#options.clock.now();
      const finished = messages.map((message, index) => ({
        message,
        attempt: message.attempts + 1,
        outcome: outcomes[index] ?? unanswered,
        startedAt,
        finishedAt,
      }));
      const [first] = finished;
      if (finished.length === 1 && first) await this.#options.outcomes.record(first);
      else await this.#options.outcomes.recordAll(finished);
    } finally {
      this.#unstored -= messages.length;
    }
  }

  async #call(
    { connection, bulkSize }: Slots,
    messages: readonly DispatchMessage[],
    startedAt: Date,
  ): Promise<SubmitOutcome[]> {
    const callbackUrl = this.#options.connections.callbackUrl(connection);
    const submissions = messages.map((message) => toSubmission(message, callbackUrl, startedAt));
    const writtenAt = performance.now();
    const { client } = connection;
    const outcomes =
      client.submitMany && bulkSize > 1
        ? await client.submitMany(submissions)
        : await Promise.all(submissions.map((submission) => client.submit(submission)));
    const seconds = (performance.now() - writtenAt) / 1000;
    for (const { kind } of outcomes) this.#options.onOutcome?.(connection.adapter.kind, kind, seconds);
    return outcomes;
  }
}

const unanswered: SubmitOutcome = { kind: "ambiguous", reason: "the answer does not mention it" };

function newSlots(connection: Connection): Slots {
  const bulkSize = connection.client.submitMany ? connection.adapter.capabilities.bulkSize : 1;
  const capacity = bulkSize > 1 ? bulkRequests : singleRequests;
  return { connection, bulkSize, free: capacity, capacity };
}

/** Until a quarter of the slots are free: else claims would be as small as the answers come. */
const isBusy = ({ free, capacity }: Slots): boolean => free < Math.max(1, capacity / 4);

function failAll(
  transaction: Queryable,
  messages: readonly DispatchMessage[],
  receivedAt: Date,
): Promise<unknown> {
  const text = "The message could not be sent: its provider was disconnected.";
  const failure = { code: "provider_unavailable", text, permanent: false };
  return applyChanges(
    transaction,
    messages.map(({ id: messageId }) => ({
      messageId,
      status: "FAILED",
      source: "DISPATCH",
      receivedAt,
      failure,
      onlyFrom: ["QUEUED", "SCHEDULED"],
    })),
  );
}
