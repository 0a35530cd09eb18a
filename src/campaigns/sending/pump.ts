import type { Database, Queryable } from "../../database/database.ts";
import type { Listener } from "../../database/listener.ts";
import type { DispatchMessage } from "../../messages/dispatch/dispatch-message.ts";
import type { Failover } from "../../messages/dispatch/failover.ts";
import { campaignChannel } from "../../messages/changes/tallies.ts";
import { applyChanges } from "../../messages/changes/transition.ts";
import { admit } from "./admission.ts";
import { claimMessages, type Claim } from "./claim.ts";
import { readRunningCampaigns, type RunningCampaign } from "./running-campaigns.ts";
import { workerLockSpaces } from "../../queue/live-workers.ts";
import { ShutWindows } from "./shut-windows.ts";
import { Submitter, type SubmitterOptions } from "./submitter.ts";
import { inTurns } from "./turns.ts";
import { Views, type View } from "./views.ts";

interface CampaignPumpOptions extends SubmitterOptions {
  database: Database;
  listener: Listener;
  failover: Failover;
}

const idleMs = 500;

/** What one claim came to. */
interface Claimed {
  /** Requests begun, messages settled and providers read: 0 when nothing moved. */
  progress: number;
  /** Milliseconds until the campaign's own rate allows more. */
  restMs: number;
  /** The providers that were open before and did not take all they were offered. */
  refusing: ReadonlySet<string>;
}

/**
 * Chooses what to send next: claims messages of running campaigns in batches and hands them to the submitter.
 */
export class CampaignPump {
  readonly #options: CampaignPumpOptions;
  readonly #submitter: Submitter;
  /** Until when campaigns that have used up their own rate rest. */
  readonly #resting = new Map<string, number>();
  readonly #views = new Views();
  readonly #windows = new ShutWindows();
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
    this.#submitter = new Submitter(options, () => this.#wake());
  }

  async start(): Promise<void> {
    const { listener } = this.#options;
    this.#releaseLock = await listener.hold(workerLockSpaces.claims, this.#submitter.worker);
    await listener.on(campaignChannel, () => this.#wake());
    this.#running = this.#run();
  }

  /** Stops claiming and waits for the submissions in progress. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#wake();
    await this.#running;
    await this.#submitter.finish();
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
    const ends = [...this.#resting.values(), ...this.#submitter.ends, ...this.#views.ends];
    const rests = ends.filter((until) => until > now).map((until) => until - now);
    return new Promise((done) => {
      const timer = setTimeout(done, Math.min(idleMs, ...rests));
      this.#resume = () => {
        clearTimeout(timer);
        done();
      };
    });
  }

  /** Claims from the next campaign that has something to send. */
  async #claimOnce(ahead: Promise<RunningCampaign[]> | undefined): Promise<number> {
    if (this.#submitter.isFull) return 0;
    const campaigns = await (ahead ?? readRunningCampaigns(this.#options.database));
    const now = performance.now();
    const rested = campaigns.filter(({ id, waiting }) => waiting > 0 && (this.#resting.get(id) ?? 0) <= now);
    const awake = await this.#windows.open(this.#options.database, rested, this.#options.clock.now());
    if (awake.length > 0) this.#readAhead();
    for (const campaign of inTurns(awake, this.#turn++)) {
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
    for (const id of this.#resting.keys()) if (!running.has(id)) this.#resting.delete(id);
    this.#views.forgetAllBut(running);
    this.#windows.forgetAllBut(running);
  }

  /**
   * Claims again without the providers that took nothing, so that messages of the others do not wait behind
   * theirs.
   */
  async #claimFrom(campaign: RunningCampaign): Promise<number> {
    const { id } = campaign;
    let claimed = 0;
    let closed = new Set(this.#submitter.closedProviders());
    for (;;) {
      const { progress, restMs, refusing } = await this.#claimView(campaign, closed);
      claimed += progress;
      if (restMs > 0) this.#resting.set(id, performance.now() + restMs);
      const left = closed.union(refusing).union(new Set(this.#submitter.closedProviders()));
      if (restMs > 0 || left.size === closed.size || this.#stopping) return claimed;
      closed = left;
    }
  }

  async #claimView(campaign: RunningCampaign, closed: ReadonlySet<string>): Promise<Claimed> {
    const view = this.#views.of(campaign.id, closed);
    const begunAt = performance.now();
    if (view.emptyUntil > begunAt) return { progress: 0, restMs: 0, refusing: new Set() };
    const now = this.#options.clock.now();
    const claim = await this.#claim(campaign, closed, view, now);
    for (const request of claim.requests) this.#submitter.begin(request, now);
    this.#views.advance(view, claim, begunAt);
    const { settled, relieved } = await this.#moveOn(claim.stuck, now);
    // The next claim takes their messages.
    await Promise.all([...claim.unread].map((id) => this.#options.connections.get(id)));
    return {
      progress: claim.requests.length + claim.settled + settled + claim.unread.size,
      restMs: claim.unread.size === 0 ? claim.restMs : 0,
      refusing: claim.refusing.difference(relieved),
    };
  }

  #claim(
    campaign: RunningCampaign,
    closed: ReadonlySet<string>,
    { limit, position: after }: View,
    now: Date,
  ): Promise<Claim> {
    const submitter = this.#submitter;
    return this.#options.database.transaction((transaction) =>
      claimMessages(
        transaction,
        {
          campaign,
          limit,
          after,
          closed: [...closed],
          admit: (inner, messages, toAsk) => admit(inner, messages, { submitter, toAsk, now }),
        },
        now,
      ),
    );
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
    for (const providerId of relieved) this.#submitter.reopen(providerId);
    return { settled, relieved };
  }
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
