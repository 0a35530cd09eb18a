import { randomUUID } from "node:crypto";
import type { Clock } from "../clock.ts";
import type { Connection, Connections } from "../connections/connections.ts";
import type { Database, Queryable } from "../database/database.ts";
import type { Listener } from "../database/listener.ts";
import type { Logger } from "../logger.ts";
import type { DispatchMessage } from "../messages/attempts.ts";
import type { Failover } from "../messages/failover.ts";
import { admitMessages } from "../messages/lane.ts";
import type { Outcomes } from "../messages/outcomes.ts";
import { toSubmission } from "../messages/submission.ts";
import { campaignChannel } from "../messages/tallies.ts";
import { applyChanges } from "../messages/transition.ts";
import type { Submission, SubmitOutcome } from "../providers/provider.ts";
import { claimMessages, readRunningCampaigns, type RunningCampaign, type SubmitRequest } from "./claim.ts";
import { claimLockSpace } from "./dead-claims.ts";

export interface CampaignPumpOptions {
  database: Database;
  listener: Listener;
  connections: Connections;
  clock: Clock;
  logger: Logger;
  outcomes: Outcomes;
  failover: Failover;
  onOutcome?: (kind: string, outcome: SubmitOutcome["kind"], seconds: number) => void;
}

/** Messages in one claim, and in one statement. The first is small: a campaign may go out one by one. */
const firstClaim = 100;
const largestClaim = 1_000;
/** Requests under way at one provider: bulk ones are few and large; single ones leave connections to single messages. */
const bulkRequests = 4;
const singleRequests = 40;
/** Outcomes that wait to be stored, at most: then nothing more is submitted. */
const mostUnstored = 5_000;

const idleMs = 500;
/** An empty view costs a look at all messages of those that are closed: a small part of the time goes into that. */
const emptyRest = { leastMs: 250, mostMs: 2_000, looks: 20 };
const disabledMs = 1_000;
/** How soon it is asked whether messages of a provider in trouble can go elsewhere. */
const stuckMs = 2_000;

/** What this process may still start at a provider. */
interface Slots {
  connection: Connection;
  bulk: number;
  single: number;
}

/**
 * What can be seen of a campaign while some providers take nothing. Each view has a place of its own: the messages of
 * a slow provider keep its turn, and hold up nobody else's.
 */
interface View {
  /** Up to which message it was claimed. */
  position: string | undefined;
  /** How many messages to look at in the next claim: not many more than are taken. */
  limit: number;
  /** There was nothing in it: until when it is not looked at again. */
  emptyUntil: number;
}

/** A message with what its provider gets. */
interface Prepared {
  message: DispatchMessage;
  submission: Submission;
}

/** Sends the messages of running campaigns: claims them in batches, and hands each provider as much as it takes. */
export class CampaignPump {
  readonly #options: CampaignPumpOptions;
  readonly #worker = randomUUID();
  readonly #slots = new Map<string, Slots>();
  /** Providers that take nothing, until when. */
  readonly #closed = new Map<string, number>();
  /** Campaigns that have used up their own rate, until when. */
  readonly #resting = new Map<string, number>();
  /** By campaign and the closed providers. */
  readonly #views = new Map<string, Map<string, View>>();
  readonly #underway = new Set<Promise<void>>();
  #unstored = 0;
  #storing: Promise<void> = Promise.resolve();
  #claims = 0;
  #turn = 0;
  #stopping = false;
  /** Something changed since the last claim was begun. */
  #isNews = false;
  #resume: () => void = () => undefined;
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
      this.#isNews = false;
      try {
        claimed = await this.#claimOnce();
      } catch (error) {
        this.#options.logger.error({ error }, "could not claim the messages of a campaign, trying again");
      }
      if (claimed === 0 && !this.#stopping) await this.#pause();
    }
  }

  #wake(): void {
    this.#isNews = true;
    this.#resume();
  }

  /** Until something changes, or a campaign has rested. */
  #pause(): Promise<void> {
    if (this.#isNews) return Promise.resolve();
    const now = performance.now();
    const views = [...this.#views.values()].flatMap((own) => [...own.values()]);
    const ends = [
      ...this.#resting.values(),
      ...this.#closed.values(),
      ...views.map(({ emptyUntil }) => emptyUntil),
    ];
    const rests = ends.filter((until) => until > now).map((until) => until - now);
    return new Promise((done) => {
      const timer = setTimeout(done, Math.min(idleMs, ...rests));
      this.#resume = () => {
        clearTimeout(timer);
        done();
      };
    });
  }

  /** Claims from the next campaign that has something to send; the most urgent first, equals in turn. */
  async #claimOnce(): Promise<number> {
    if (this.#unstored >= mostUnstored) return 0;
    const campaigns = await readRunningCampaigns(this.#options.database);
    const now = performance.now();
    const awake = campaigns.filter(({ id }) => (this.#resting.get(id) ?? 0) <= now);
    const equals = awake.filter(({ priority }) => priority === awake[0]?.priority);
    const others = awake.slice(equals.length);
    const turn = equals.length === 0 ? 0 : this.#turn++ % equals.length;
    for (const campaign of [...equals.slice(turn), ...equals.slice(0, turn), ...others]) {
      const claimed = await this.#claimFrom(campaign);
      if (claimed > 0) return claimed;
    }
    this.#forgetAllBut(new Set(campaigns.map(({ id }) => id)));
    return 0;
  }

  #forgetAllBut(running: ReadonlySet<string>): void {
    for (const map of [this.#resting, this.#views])
      for (const id of map.keys()) if (!running.has(id)) map.delete(id);
  }

  /** Whoever takes nothing more is left out at once: the messages of the others must not wait behind theirs. */
  async #claimFrom({ id }: RunningCampaign): Promise<number> {
    let claimed = 0;
    let closed = new Set(this.#closedProviders());
    for (;;) {
      const { progress, restMs, refusing } = await this.#claimView(id, closed);
      claimed += progress;
      if (restMs > 0) this.#resting.set(id, performance.now() + restMs);
      const left = closed.union(refusing).union(new Set(this.#closedProviders()));
      if (restMs > 0 || left.size === closed.size || this.#stopping) return claimed;
      closed = left;
    }
  }

  /** One claim. Also tells which providers, open before, would not take all that was offered. */
  async #claimView(
    campaignId: string,
    closed: ReadonlySet<string>,
  ): Promise<{ progress: number; restMs: number; refusing: ReadonlySet<string> }> {
    const view = this.#viewOf(campaignId, closed);
    const refusing = new Set<string>();
    const begunAt = performance.now();
    if (view.emptyUntil > begunAt) return { progress: 0, restMs: 0, refusing };
    const { database, clock } = this.#options;
    const now = clock.now();
    const stuck: DispatchMessage[] = [];
    const claim = await database.transaction((transaction) =>
      claimMessages(
        transaction,
        {
          campaignId,
          limit: view.limit,
          after: view.position,
          closed: [...closed],
          admit: async (inner, messages) => {
            const admitted = await this.#admit(inner, messages, stuck, now);
            const taken = new Set(admitted);
            for (const one of messages) if (!taken.has(one)) refusing.add(one.providerId);
            return admitted;
          },
          kindOf: (providerId) => this.#slots.get(providerId)?.connection.adapter.kind ?? "",
          divide: (providerId, messages) => this.#divide(providerId, messages, now),
        },
        now,
      ),
    );
    for (const request of claim.requests) this.#begin(request, now);
    const taken = claim.requests.reduce((sum, { messages }) => sum + messages.length, 0);
    view.position = claim.last;
    view.limit = Math.min(Math.max(firstClaim, taken * 4), largestClaim);
    if (claim.isEmpty) {
      const lookMs = (performance.now() - begunAt) * emptyRest.looks;
      const restMs = Math.min(Math.max(emptyRest.leastMs, lookMs), emptyRest.mostMs);
      view.emptyUntil = performance.now() + restMs;
    }
    const { settled, relieved } = await this.#moveOn(stuck, now);
    return {
      progress: claim.requests.length + settled,
      restMs: claim.restMs,
      refusing: refusing.difference(relieved),
    };
  }

  #viewOf(campaignId: string, closed: ReadonlySet<string>): View {
    const views = this.#views.get(campaignId) ?? new Map<string, View>();
    const key = [...closed].toSorted().join(" ");
    const view = views.get(key) ?? { position: undefined, limit: firstClaim, emptyUntil: 0 };
    this.#views.set(campaignId, views.set(key, view));
    return view;
  }

  /** Takes messages away from providers in trouble. While there are any to take, more are looked for. */
  async #moveOn(
    stuck: readonly DispatchMessage[],
    now: Date,
  ): Promise<{ settled: number; relieved: ReadonlySet<string> }> {
    const relieved = new Set<string>();
    if (stuck.length === 0) return { settled: 0, relieved };
    const { failover, connections, database } = this.#options;
    const moved = await failover.moveOn(stuck, "Its provider takes no messages at present.");
    for (const { id, providerId } of stuck) if (moved.has(id)) relieved.add(providerId);
    let settled = moved.size;
    const left = stuck.filter(({ id }) => !moved.has(id));
    for (const [providerId, messages] of Map.groupBy(left, (message) => message.providerId)) {
      const connection = await connections.get(providerId);
      if (connection && connection.row.disconnectedAt === null) continue;
      await database.transaction((transaction) => failAll(transaction, messages, now));
      settled += messages.length;
    }
    for (const providerId of relieved) this.#closed.delete(providerId);
    return { settled, relieved };
  }

  #closedProviders(): string[] {
    const now = performance.now();
    for (const [id, until] of this.#closed) if (until <= now) this.#closed.delete(id);
    const busy = [...this.#slots].flatMap(([id, slots]) => (isBusy(slots) ? [id] : []));
    return [...this.#closed.keys(), ...busy];
  }

  /** Of the messages found those that their providers take now, by our own slots and by the lanes that all share. */
  async #admit(
    transaction: Queryable,
    found: DispatchMessage[],
    stuck: DispatchMessage[],
    now: Date,
  ): Promise<DispatchMessage[]> {
    const wanted: DispatchMessage[] = [];
    const bulkSizes = new Map<string, number>();
    for (const [providerId, group] of Map.groupBy(found, (message) => message.providerId)) {
      const slots = await this.#slotsOf(providerId);
      if (!slots) {
        stuck.push(...group);
        continue;
      }
      const fitting = fittingRequests(slots, this.#requests(slots, group, now));
      wanted.push(...fitting.flat().map(({ message }) => message));
      bulkSizes.set(providerId, fitting[0]?.length ?? 1);
    }
    const { admitted, waiting } = await admitMessages(transaction, wanted, now, {
      isCampaign: true,
      bulkSizes,
    });
    for (const message of wanted) {
      const { id, providerId } = message;
      const wait = waiting.get(id);
      if (wait)
        this.#close(providerId, wait.isDistrusted ? Math.min(wait.retryAfterMs, stuckMs) : wait.retryAfterMs);
      if (wait?.isDistrusted === true) stuck.push(message);
    }
    return admitted;
  }

  /** Messages as their provider takes them together. */
  #requests({ connection }: Slots, messages: readonly DispatchMessage[], startedAt: Date): Prepared[][] {
    const callbackUrl = this.#options.connections.callbackUrl(connection);
    const prepared = messages.map((message) => ({
      message,
      submission: toSubmission(message, callbackUrl, startedAt),
    }));
    if (!connection.client.divide) return prepared.map((one) => [one]);
    const bySubmission = new Map(prepared.map((one) => [one.submission, one]));
    const requests = connection.client.divide([...bySubmission.keys()]);
    return requests.map((request) => request.flatMap((submission) => bySubmission.get(submission) ?? []));
  }

  /** Undefined for a provider that is disconnected or switched off. */
  async #slotsOf(providerId: string): Promise<Slots | undefined> {
    const connection = await this.#options.connections.get(providerId);
    if (!connection || connection.row.disconnectedAt) return undefined;
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

  #divide(providerId: string, messages: DispatchMessage[], startedAt: Date): SubmitRequest[] {
    const slots = this.#slots.get(providerId);
    const requests = slots ? this.#requests(slots, messages, startedAt) : [];
    return requests.map((request) => ({
      name: `${this.#worker}/${++this.#claims}`,
      providerId,
      messages: request.map(({ message }) => message),
      submissions: request.map(({ submission }) => submission),
    }));
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

  async #submit({ providerId, messages, submissions }: SubmitRequest, startedAt: Date): Promise<void> {
    const slots = this.#slots.get(providerId);
    if (!slots) return;
    const kind = messages.length > 1 ? "bulk" : "single";
    slots[kind]--;
    this.#unstored += messages.length;
    try {
      const outcomes = await this.#call(slots, submissions).finally(() => slots[kind]++);
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
      else
        await this.#storeInTurn(() =>
          this.#options.outcomes.recordAll(finished, slots.connection.adapter.kind),
        );
    } finally {
      this.#unstored -= messages.length;
    }
  }

  /**
   * One large transaction after the other: side by side they would take as long, and each would hold up all the while
   * what others may read of the event log.
   */
  #storeInTurn(store: () => Promise<void>): Promise<void> {
    const stored = this.#storing.then(store);
    this.#storing = stored.catch(() => undefined);
    return stored;
  }

  async #call({ connection }: Slots, submissions: readonly Submission[]): Promise<SubmitOutcome[]> {
    const writtenAt = performance.now();
    const { client, adapter } = connection;
    const [first] = submissions;
    const outcomes =
      client.submitMany && submissions.length > 1
        ? await client.submitMany(submissions)
        : first
          ? [await client.submit(first)]
          : [];
    const seconds = (performance.now() - writtenAt) / 1000;
    for (const { kind } of outcomes) this.#options.onOutcome?.(adapter.kind, kind, seconds);
    return outcomes;
  }
}

const unanswered: SubmitOutcome = { kind: "ambiguous", reason: "the answer does not mention it" };

const newSlots = (connection: Connection): Slots => ({
  connection,
  bulk: bulkRequests,
  single: singleRequests,
});

/** Until a quarter of the slots are free: else claims would be as small as the answers come. */
const isBusy = ({ bulk, single }: Slots): boolean => bulk < 1 || single < singleRequests / 4;

/** As many requests of each kind as there are slots for. */
function fittingRequests({ bulk, single }: Slots, requests: readonly Prepared[][]): Prepared[][] {
  const together = requests.filter(({ length }) => length > 1).slice(0, bulk);
  const alone = requests.filter(({ length }) => length === 1).slice(0, single);
  return [...together, ...alone];
}

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
