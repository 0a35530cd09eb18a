import { randomUUID } from "node:crypto";
import type { Clock } from "../../lib/clock.ts";
import type { Connection, Connections } from "../../connections/connections.ts";
import type { Logger } from "../../lib/logger.ts";
import type { DispatchMessage } from "../../messages/dispatch/dispatch-message.ts";
import type { Outcomes } from "../../messages/dispatch/outcomes.ts";
import { toSubmission } from "../../messages/dispatch/submission.ts";
import { Shares } from "../../lib/shares.ts";
import type { Submission, SubmitOutcome } from "../../providers/provider.ts";
import { tracedSubmission } from "../../messages/dispatch/spans.ts";
import type { SubmitRequest } from "./claim.ts";

export interface SubmitterOptions {
  connections: Connections;
  clock: Clock;
  logger: Logger;
  outcomes: Outcomes;
  /** Called for each kind of outcome in an answer. */
  onOutcome?: (kind: string, outcome: SubmitOutcome["kind"], seconds: number, messages: number) => void;
}

/**
 * Requests in progress at one provider. Bulk requests are few and large; single ones leave connections for
 * single messages.
 */
const bulkRequests = 4;
const singleRequests = 40;
/** Concurrent transactions that store the outcomes of bulk requests. */
const storesAtOnce = 2;
/** Maximum number of answers not stored yet; above it nothing more is submitted. */
const maxUnstored = 5_000;
/**
 * Messages in requests that are not answered yet: of all accounts, and how much of them one account may have. Those of
 * providers that take long to answer must not keep others from being sent.
 */
const maxUnanswered = 40_000;
const ofOneAccount = 1 / 8;

const disabledMs = 1_000;

/** What a provider can be handed now. */
type Fitting =
  | { kind: "requests"; requests: SubmitRequest[] }
  /** It is disconnected or switched off. */
  | { kind: "unavailable" }
  /** This process has not read its connection yet. */
  | { kind: "unread" };

/** How many more requests this process may start at a provider. */
interface Slots {
  connection: Connection;
  bulk: number;
  single: number;
}

/**
 * Submits claimed messages to their providers, with limited requests in progress, and stores the outcomes.
 */
export class Submitter {
  /** The worker's name, with which its claims begin (`attempts.claim`). */
  readonly worker = randomUUID();
  readonly #options: SubmitterOptions;
  /** Called when there is room for more. */
  readonly #onRoom: () => void;
  readonly #slots = new Map<string, Slots>();
  /** Until when providers take nothing. */
  readonly #closed = new Map<string, number>();
  readonly #underway = new Set<Promise<void>>();
  /** Messages by account. */
  readonly #unanswered = new Shares(maxUnanswered, { ofOne: ofOneAccount });
  #unstored = 0;
  /** For each turn, its last transaction. */
  readonly #storing: Promise<void>[] = [];
  #stores = 0;
  #claims = 0;

  constructor(options: SubmitterOptions, onRoom: () => void) {
    this.#options = options;
    this.#onRoom = onRoom;
  }

  /** True when too many answers wait to be stored. */
  get isFull(): boolean {
    return this.#unstored >= maxUnstored;
  }

  /** When closed providers open again. */
  get ends(): Iterable<number> {
    return this.#closed.values();
  }

  /** Waits for the submissions in progress. */
  async finish(): Promise<void> {
    await Promise.all(this.#underway);
  }

  /** The providers that take nothing now. */
  closedProviders(): string[] {
    const now = performance.now();
    for (const [id, until] of this.#closed) if (until <= now) this.#closed.delete(id);
    const busy = [...this.#slots].flatMap(([id, slots]) =>
      isBusy(slots) || this.#roomOf(slots) <= 0 ? [id] : [],
    );
    return [...this.#closed.keys(), ...busy];
  }

  close(providerId: string, milliseconds: number): void {
    this.#closed.set(providerId, performance.now() + milliseconds);
  }

  reopen(providerId: string): void {
    this.#closed.delete(providerId);
  }

  /**
   * The requests that the provider has slots for. It does not use the database, since it is called while the
   * messages are being claimed.
   */
  fit(providerId: string, messages: readonly DispatchMessage[], startedAt: Date): Fitting {
    const connection = this.#options.connections.opened(providerId);
    if (!connection) return { kind: "unread" };
    const slots = this.#slotsOf(providerId, connection);
    if (!slots) return { kind: "unavailable" };
    const room = this.#roomOf(slots);
    if (room <= 0) return { kind: "requests", requests: [] };
    const offered = this.#requests(slots, messages.slice(0, room), startedAt);
    return { kind: "requests", requests: fittingRequests(slots, offered) };
  }

  /** How many more messages of its account may be on their way. */
  #roomOf({ connection }: Slots): number {
    return this.#unanswered.left(connection.row.accountId, true);
  }

  begin(request: SubmitRequest, startedAt: Date): void {
    const work = this.#submit(request, startedAt)
      .catch((error: unknown) => {
        // The messages stay SUBMITTING in the database; the clean-up of dead claims finds them.
        this.#options.logger.error({ error, claim: request.name }, "a claim of a campaign failed");
      })
      .finally(() => {
        this.#underway.delete(work);
        this.#onRoom();
      });
    this.#underway.add(work);
  }

  /** Groups messages into the requests that the provider accepts. */
  #requests({ connection }: Slots, messages: readonly DispatchMessage[], startedAt: Date): SubmitRequest[] {
    const callbackUrl = this.#options.connections.callbackUrl(connection);
    const bySubmission = new Map(
      messages.map((message) => [toSubmission(message, callbackUrl, startedAt), message]),
    );
    const all = [...bySubmission.keys()];
    const divided = connection.client.divide?.(all) ?? all.map((submission) => [submission]);
    return divided.map((submissions) => ({
      name: `${this.worker}/${++this.#claims}`,
      providerId: connection.row.id,
      kind: connection.adapter.kind,
      messages: submissions.map((submission) => {
        const message = bySubmission.get(submission);
        if (!message) throw new Error("A request was made of other messages than those given");
        return message;
      }),
      submissions,
    }));
  }

  /** Undefined for a provider that is disconnected or switched off. */
  #slotsOf(providerId: string, connection: Connection): Slots | undefined {
    if (connection.row.disconnectedAt) return undefined;
    if (!connection.row.enabled) {
      this.close(providerId, disabledMs);
      return undefined;
    }
    const slots = this.#slots.get(providerId) ?? newSlots(connection);
    slots.connection = connection;
    this.#slots.set(providerId, slots);
    return slots;
  }

  async #submit(
    { name: claim, providerId, kind, messages, submissions }: SubmitRequest,
    startedAt: Date,
  ): Promise<void> {
    const slots = this.#slots.get(providerId);
    if (!slots) return;
    const size = messages.length > 1 ? "bulk" : "single";
    const { accountId } = slots.connection.row;
    slots[size]--;
    this.#unanswered.take(accountId, true, messages.length);
    const outcomes = await tracedSubmission(kind, messages, () => this.#call(slots, submissions)).finally(
      () => {
        slots[size]++;
        this.#unanswered.take(accountId, true, -messages.length);
      },
    );
    this.#unstored += messages.length;
    try {
      if (!isBusy(slots)) this.#onRoom();
      const finishedAt = this.#options.clock.now();
      const finished = messages.map((message, index) => ({
        message,
        attempt: message.attempts + 1,
        outcome: outcomes[index] ?? unanswered,
        startedAt,
        finishedAt,
      }));
      const [first] = finished;
      if (finished.length === 1 && first) await this.#options.outcomes.record({ ...first, kind });
      else await this.#storeInTurn(() => this.#options.outcomes.recordAll(finished, { claim, kind }));
    } finally {
      this.#unstored -= messages.length;
    }
  }

  /**
   * Stores outcomes in a few large transactions at a time: one writes while another commits. More would not
   * be faster, and each would hold back the readers of the event log for longer.
   */
  #storeInTurn(store: () => Promise<void>): Promise<void> {
    const turn = this.#stores++ % storesAtOnce;
    const stored = (this.#storing[turn] ?? Promise.resolve()).then(store);
    this.#storing[turn] = stored.catch(() => undefined);
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
    for (const [kind, { length }] of Map.groupBy(outcomes, (outcome) => outcome.kind))
      this.#options.onOutcome?.(adapter.kind, kind, seconds, length);
    return outcomes;
  }
}

const unanswered: SubmitOutcome = { kind: "ambiguous", reason: "the answer does not mention it" };

const newSlots = (connection: Connection): Slots => ({
  connection,
  bulk: bulkRequests,
  single: singleRequests,
});

/** Busy until a quarter of the single slots are free: without this, each answer would cause a tiny claim. */
const isBusy = ({ bulk, single }: Slots): boolean => bulk < 1 || single < singleRequests / 4;

/** As many requests of each kind as there are slots for. */
function fittingRequests({ bulk, single }: Slots, requests: readonly SubmitRequest[]): SubmitRequest[] {
  const together = requests.filter(({ messages }) => messages.length > 1).slice(0, bulk);
  const alone = requests.filter(({ messages }) => messages.length === 1).slice(0, single);
  return [...together, ...alone];
}
