import type { Database, Queryable } from "../../database/database.ts";
import type { Listener } from "../../database/listener.ts";
import type { DispatchMessage } from "../../messages/dispatch/attempts.ts";
import type { Failover } from "../../messages/dispatch/failover.ts";
import { admitMessages } from "../../lanes/lane.ts";
import { campaignChannel } from "../../messages/changes/tallies.ts";
import { applyChanges } from "../../messages/changes/transition.ts";
import { claimMessages, readRunningCampaigns, type RunningCampaign, type SubmitRequest } from "./claim.ts";
import { workerLockSpaces } from "../../queue/live-workers.ts";
import { HandOver, type HandOverOptions } from "./submitter.ts";

export interface CampaignPumpOptions extends HandOverOptions {
  database: Database;
  listener: Listener;
  failover: Failover;
}

/**
 * Messages per claim and statement. The first claim is small, since a provider may take messages one by one.
 */
const firstClaim = 100;
const maxClaimSize = 1_000;
const idleMs = 500;
/**
 * A scan that finds nothing reads every message of the closed providers, so scans may take at most 1/`looks`
 * of the time.
 */
const emptyRest = { minMs: 250, maxMs: 2_000, looks: 20 };
/** How often messages of a failing provider are checked for another route. */
const stuckMs = 2_000;

/**
 * The progress of a campaign for one set of closed providers. Each set has its own position, so messages of a
 * slow provider keep their turn and do not hold up the others.
 */
interface View {
  /** The last id claimed. */
  position: string | undefined;
  /** How many messages to read in the next claim: not many more than the last one took. */
  limit: number;
  /** Until when it is not scanned again, after a scan found nothing. */
  emptyUntil: number;
}

/**
 * Chooses what to send next: claims messages of running campaigns in batches and hands them to the submitter.
 */
export class CampaignPump {
  readonly #options: CampaignPumpOptions;
  readonly #handOver: HandOver;
  /** Until when campaigns that have used up their own rate rest. */
  readonly #resting = new Map<string, number>();
  /** By campaign id, then by the closed providers. */
  readonly #views = new Map<string, Map<string, View>>();
  /** The running campaigns, read during the last claim. */
  #ahead: Promise<RunningCampaign[]> | undefined;
  #turn = 0;
  #stopping = false;
  /** Whether something changed since the last claim began. */
  #hasChanged = false;
  #resume: () => void = () => undefined;
  #running: Promise<void> | undefined;
  #releaseLock: (() => Promise<void>) | undefined;

  constructor(options: CampaignPumpOptions) {
    this.#options = options;
    this.#handOver = new HandOver(options, () => this.#wake());
  }

  async start(): Promise<void> {
    const { listener } = this.#options;
    this.#releaseLock = await listener.hold(workerLockSpaces.claims, this.#handOver.worker);
    await listener.on(campaignChannel, () => this.#wake());
    this.#running = this.#run();
  }

  /** Stops claiming and waits for the submissions in progress. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#wake();
    await this.#running;
    await this.#handOver.finish();
    await this.#releaseLock?.();
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      let claimed = 0;
      const ahead = this.#ahead;
      this.#ahead = undefined;
      this.#hasChanged = false;
      try {
        claimed = await this.#claimOnce(ahead);
      } catch (error) {
        this.#options.logger.error({ error }, "could not claim the messages of a campaign, trying again");
      }
      if (claimed > 0 || this.#stopping) continue;
      this.#ahead = undefined;
      // If the campaigns were read ahead, they may be outdated: read again before pausing.
      if (!ahead) await this.#pause();
    }
  }

  #wake(): void {
    this.#hasChanged = true;
    this.#resume();
  }

  /** Waits until something changes or a rest is over. */
  #pause(): Promise<void> {
    if (this.#hasChanged) return Promise.resolve();
    const now = performance.now();
    const views = [...this.#views.values()].flatMap((own) => [...own.values()]);
    const ends = [
      ...this.#resting.values(),
      ...this.#handOver.ends,
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

  /**
   * Claims from the next campaign that has something to send. The most urgent comes first; campaigns of equal
   * priority take turns.
   */
  async #claimOnce(ahead: Promise<RunningCampaign[]> | undefined): Promise<number> {
    if (this.#handOver.isFull) return 0;
    const campaigns = await (ahead ?? readRunningCampaigns(this.#options.database));
    const now = performance.now();
    const awake = campaigns.filter(({ id, waiting }) => waiting > 0 && (this.#resting.get(id) ?? 0) <= now);
    if (awake.length > 0) this.#readAhead();
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

  /**
   * Reads the campaigns for the next claim during this one. The claim itself checks which have been stopped
   * meanwhile.
   */
  #readAhead(): void {
    this.#ahead = readRunningCampaigns(this.#options.database);
    // The result may never be awaited, so handle its error here.
    this.#ahead.catch(() => undefined);
  }

  #forgetAllBut(running: ReadonlySet<string>): void {
    for (const map of [this.#resting, this.#views])
      for (const id of map.keys()) if (!running.has(id)) map.delete(id);
  }

  /**
   * Claims again without the providers that took nothing, so that messages of the others do not wait behind
   * theirs.
   */
  async #claimFrom(campaign: RunningCampaign): Promise<number> {
    const { id } = campaign;
    let claimed = 0;
    let closed = new Set(this.#handOver.closedProviders());
    for (;;) {
      const { progress, restMs, refusing } = await this.#claimView(campaign, closed);
      claimed += progress;
      if (restMs > 0) this.#resting.set(id, performance.now() + restMs);
      const left = closed.union(refusing).union(new Set(this.#handOver.closedProviders()));
      if (restMs > 0 || left.size === closed.size || this.#stopping) return claimed;
      closed = left;
    }
  }

  /** One claim. `refusing` are the providers, open before, that did not take all they were offered. */
  async #claimView(
    campaign: RunningCampaign,
    closed: ReadonlySet<string>,
  ): Promise<{ progress: number; restMs: number; refusing: ReadonlySet<string> }> {
    const view = this.#viewOf(campaign.id, closed);
    const refusing = new Set<string>();
    const begunAt = performance.now();
    if (view.emptyUntil > begunAt) return { progress: 0, restMs: 0, refusing };
    const { database, clock } = this.#options;
    const now = clock.now();
    const stuck: DispatchMessage[] = [];
    const unread = new Set<string>();
    const claim = await database.transaction((transaction) =>
      claimMessages(
        transaction,
        {
          campaign,
          limit: view.limit,
          after: view.position,
          closed: [...closed],
          admit: async (inner, messages, toAsk) => {
            const requests = await this.#admit(inner, messages, { toAsk, stuck, unread, now });
            const taken = new Set(requests.flatMap((request) => request.messages));
            for (const one of messages)
              if (!taken.has(one) && !unread.has(one.providerId)) refusing.add(one.providerId);
            return requests;
          },
        },
        now,
      ),
    );
    for (const request of claim.requests) this.#handOver.begin(request, now);
    const taken = claim.requests.reduce((sum, { messages }) => sum + messages.length, 0);
    // Messages of providers that were not read yet are looked for again from where they are.
    if (unread.size === 0) view.position = claim.last;
    view.limit = Math.min(Math.max(firstClaim, taken * 4), maxClaimSize);
    if (claim.isEmpty && unread.size === 0) {
      const lookMs = (performance.now() - begunAt) * emptyRest.looks;
      const restMs = Math.min(Math.max(emptyRest.minMs, lookMs), emptyRest.maxMs);
      view.emptyUntil = performance.now() + restMs;
    }
    const { settled, relieved } = await this.#moveOn(stuck, now);
    // Their messages are claimed the next time.
    await Promise.all([...unread].map((id) => this.#options.connections.get(id)));
    return {
      progress: claim.requests.length + settled + unread.size,
      restMs: unread.size === 0 ? claim.restMs : 0,
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

  /**
   * Moves messages from failing providers to others. Providers that lost messages this way are opened again,
   * so that the next claim finds more.
   */
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
    for (const providerId of relieved) this.#handOver.reopen(providerId);
    return { settled, relieved };
  }

  /**
   * Turns the messages that their providers take now into requests, within this process's slots and the
   * shared lanes. Messages of a failing or missing provider are added to `stuck`,
   * providers whose connection this process has not read yet to `unread`.
   */
  async #admit(
    transaction: Queryable,
    found: DispatchMessage[],
    {
      toAsk,
      stuck,
      unread,
      now,
    }: { toAsk: ReadonlySet<string>; stuck: DispatchMessage[]; unread: Set<string>; now: Date },
  ): Promise<SubmitRequest[]> {
    const requests: SubmitRequest[] = [];
    const bulkSizes = new Map<string, number>();
    for (const [providerId, group] of Map.groupBy(found, (message) => message.providerId)) {
      const fitting = this.#handOver.fit(providerId, group, now);
      if (fitting === "unread") {
        unread.add(providerId);
        continue;
      }
      if (!fitting) {
        stuck.push(...group);
        continue;
      }
      requests.push(...fitting);
      bulkSizes.set(providerId, fitting[0]?.messages.length ?? 1);
    }
    const wanted = requests.flatMap(({ providerId, messages }) => (toAsk.has(providerId) ? messages : []));
    if (wanted.length === 0) return requests;
    const { waiting } = await admitMessages(transaction, wanted, now, {
      isCampaign: true,
      bulkSizes,
    });
    for (const message of wanted) {
      const { id, providerId } = message;
      const wait = waiting.get(id);
      if (wait)
        this.#handOver.close(
          providerId,
          wait.isDistrusted ? Math.min(wait.retryAfterMs, stuckMs) : wait.retryAfterMs,
        );
      if (wait?.isDistrusted === true) stuck.push(message);
    }
    return requests.flatMap((request) => without(request, waiting));
  }
}

/** The request without the waiting messages; empty when none are left. */
function without(request: SubmitRequest, waiting: ReadonlyMap<string, unknown>): SubmitRequest[] {
  if (!request.messages.some(({ id }) => waiting.has(id))) return [request];
  const messages = request.messages.filter(({ id }) => !waiting.has(id));
  const submissions = request.submissions.filter(({ messageId }) => !waiting.has(messageId));
  return messages.length === 0 ? [] : [{ ...request, messages, submissions }];
}

function failAll(
  transaction: Queryable,
  messages: readonly DispatchMessage[],
  receivedAt: Date,
): Promise<unknown> {
  const text = "The message could not be sent: its provider was disconnected.";
  const failure = { code: "provider_unavailable", text, permanent: false } as const;
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
