import {
  createSourceEventStream,
  executeSubscriptionEvent,
  validateSubscriptionArgs,
  type ExecutionArgs,
  type ExecutionResult,
  GraphQLError,
  type GraphQLFormattedError,
  type ValidatedSubscriptionArgs,
} from "graphql";
import { holderOf } from "../../access/allowance.ts";
import type { Viewer } from "../../access/api-keys.ts";
import { patient } from "../../database/read-through-outage.ts";
import type { AccessGuard } from "../guards/access-guard.ts";
import { createContext, type Context, type Services } from "../context.ts";
import { Reads } from "../reads.ts";
import type { AnswerTurns } from "./answer-turns.ts";
import { answeredPart } from "./answered-part.ts";
import { sharingKey } from "./sharing-key.ts";
import type { Stream, Taker, Tap } from "../streams.ts";
import type { Message } from "../../database/generated/client.ts";
import { notePushed, type PushedEvent } from "../../messages/log/pushed-spans.ts";
import type { EventBatch } from "../../messages/log/topics.ts";

/** One answer of a subscription, serialised once and shared by everyone who receives it. */
export interface Frame {
  /**
   * `{"data":…}}` in UTF-8. The last brace closes the surrounding message, so that the bytes can be sent
   * without copying.
   */
  json: Uint8Array;
  /** The value behind the answer; undefined for the error that ends a revoked subscription. */
  value: object | undefined;
}

/** Receives pushed frames. */
export interface FrameSink {
  /** False when the sink cannot take more for now. */
  send(frame: Frame): boolean;
}

type MaskError = (error: unknown) => Error;

/**
 * The subscriptions of this process. Each one reads its own stream of events at its own position, so it is
 * complete however slow it is and wherever it started. The work is shared: streams that wait for the same
 * events get the same objects, and subscriptions of one group (same document, variables and rights) get the
 * same bytes.
 */
export class LiveSubscriptions {
  readonly #services: Services;
  readonly #maskError: MaskError;
  readonly #guard: AccessGuard;
  readonly #turns: AnswerTurns;
  readonly #groups = new Map<string, Group>();

  constructor(services: Services, maskError: MaskError, guard: AccessGuard, turns: AnswerTurns) {
    const database = patient(services.database);
    this.#services = { ...services, database, reads: new Reads(database) };
    this.#maskError = maskError;
    this.#guard = guard;
    this.#turns = turns;
  }

  /** The number of groups. Each event is executed once per group. */
  get groups(): number {
    return this.#groups.size;
  }

  /** Starts a subscription. Errors of a failed start are not masked yet. */
  async start(
    args: ExecutionArgs & { contextValue: Context },
    { withCursors = false }: StartOptions = {},
  ): Promise<ExecutionResult | LiveStream> {
    const { contextValue } = args;
    const refused = this.#guard.admit(args);
    if (refused) return { errors: [refused] };
    const slot = new SubscriptionSlot();
    try {
      slot.leave = this.#guard.enter(contextValue, (error) => slot.end(this.#maskError(error)));
      const endTurn = await this.#guard.turnToStart(contextValue);
      const started = await this.#open(args, slot, withCursors).finally(endTurn);
      if (!(started instanceof LiveStream)) slot.leave();
      return started;
    } catch (error) {
      slot.leave();
      if (error instanceof GraphQLError) return { errors: [error] };
      throw error;
    }
  }

  async #open(
    args: ExecutionArgs & { contextValue: Context },
    slot: SubscriptionSlot,
    withCursors: boolean,
  ): Promise<ExecutionResult | LiveStream> {
    const { contextValue } = args;
    Object.assign(contextValue, createContext(this.#services, contextValue.viewer));
    const checked = validateSubscriptionArgs(args);
    if (!("schema" in checked)) return { errors: checked };
    const started = await createSourceEventStream(checked);
    if (!(Symbol.asyncIterator in started)) return started;
    const source = started as Stream<object>;
    const key = sharingKey(checked, contextValue.viewer, withCursors);
    const group = this.#groupOf(key, args, withCursors ? source.cursorOf : undefined);
    return new LiveStream(source, group, slot);
  }

  #groupOf(
    key: string,
    args: ExecutionArgs & { contextValue: Context },
    cursorOf: Stream<object>["cursorOf"],
  ): Group {
    const known = this.#groups.get(key);
    if (known) return known;
    const { contextValue } = args;
    const group = new Group({
      args: answeredPart(args),
      // An error may name the key, and members of the group use different keys.
      viewer: contextValue.viewer && { ...contextValue.viewer, keyName: "of this subscription" },
      services: this.#services,
      maskError: this.#maskError,
      turns: this.#turns,
      cursorOf,
      onEmpty: () => this.#groups.delete(key),
    });
    this.#groups.set(key, group);
    return group;
  }
}

interface StartOptions {
  /** Puts the cursor after each frame into its `extensions`, so that a client need not know the document. */
  withCursors?: boolean;
}

interface GroupOptions {
  args: ExecutionArgs;
  viewer: Viewer | undefined;
  services: Services;
  maskError: MaskError;
  turns: AnswerTurns;
  /** Set when the answers carry their cursor. */
  cursorOf: Stream<object>["cursorOf"];
  onEmpty: () => void;
}

/** Subscriptions that get the same answer for the same event. */
class Group {
  readonly #options: GroupOptions;
  /**
   * Kept only while the group has several members. A subscription alone is idle most of the time and should
   * stay small.
   */
  #args: ValidatedSubscriptionArgs | undefined;
  /** Answers by value. An answer lives as long as its value, which is until every member has sent it. */
  #answers: WeakMap<object, Promise<Uint8Array>> | undefined;
  #turns: WeakMap<object, Follower[]> | undefined;
  #lastTurn: Promise<void> | undefined;
  #members = 0;

  constructor(options: GroupOptions) {
    this.#options = options;
  }

  /** True while the process stops: streams that end are then cut short. */
  get isStopping(): boolean {
    return this.#options.services.streams.areClosed;
  }

  join(): void {
    this.#members++;
  }

  leave(): void {
    if (--this.#members === 0) this.#options.onEmpty();
  }

  /** The answer to a value. The first member that asks computes it. */
  answer(value: object): Promise<Uint8Array> {
    const answers = this.#members > 1 ? (this.#answers ??= new WeakMap()) : undefined;
    const known = answers?.get(value);
    if (known) return known;
    const cursor = this.#options.cursorOf?.(value);
    const extensions = cursor === undefined ? undefined : { cursor };
    const { turns, viewer } = this.#options;
    const { events } = value as Partial<EventBatch>;
    const answer = turns.run(holderOf(viewer), events?.length ?? 1, async () => {
      const { data, errors } = await this.execute(value);
      return toJson({ data, errors: errors?.map(withoutStatus), extensions });
    });
    answers?.set(value, answer);
    answer.catch(() => answers?.delete(value));
    return answer;
  }

  /**
   * Delivers the answer to a pushed value to every member that received the value, in one pass. Answers are
   * delivered in the order of their values, even when a later one is ready first.
   */
  answerInTurn(value: object, follower: Follower): void {
    const turns = (this.#turns ??= new WeakMap());
    const others = turns.get(value);
    if (others) return void others.push(follower);
    const followers = [follower];
    turns.set(value, followers);
    this.#lastTurn = this.#tell(followers, value, this.#lastTurn);
  }

  async #tell(followers: Follower[], value: object, earlier: Promise<void> | undefined): Promise<void> {
    const [made] = await Promise.allSettled([this.answer(value), earlier]);
    this.#turns?.delete(value);
    if (made.status === "rejected") return followers.forEach((each) => each.fail(made.reason));
    const frame = { json: made.value, value };
    for (const each of followers) each.send(frame);
  }

  /** Each value gets a new context: data loaded for one event would be stale for the next. */
  async execute(rootValue: unknown): Promise<ExecutionResult> {
    const { services, viewer, maskError } = this.#options;
    const contextValue = createContext(services, viewer);
    const args = this.#args ?? validated(this.#options.args);
    this.#args = this.#members > 1 ? args : undefined;
    const { data, errors } = await executeSubscriptionEvent({ ...args, contextValue, rootValue });
    notePushed(services.database, eventsOf(rootValue), "subscriptions");
    if (!errors) return { data };
    return { data, errors: errors.map((error) => maskError(error) as GraphQLError) };
  }
}

/** The events behind an answer: those of a batch, or that which changed a watched message. */
function eventsOf(value: unknown): readonly PushedEvent[] {
  const { events, recipient, id, status, updatedAt } = value as Partial<EventBatch & Message>;
  if (events) return events;
  if (recipient === undefined || !id || !status || !updatedAt) return [];
  return [{ messageId: id, status, receivedAt: updatedAt }];
}

/** Validation passed for the first member, so it passes for the whole group. */
function validated(args: ExecutionArgs): ValidatedSubscriptionArgs {
  const checked = validateSubscriptionArgs(args);
  if ("schema" in checked) return checked;
  throw new AggregateError(checked, "The arguments of a running subscription are not valid");
}

const encoder = new TextEncoder();

const toJson = (result: object): Frame["json"] => encoder.encode(`${JSON.stringify(result)}}`);

/** The HTTP status of an error has no meaning inside a stream. */
function withoutStatus(error: GraphQLError): GraphQLFormattedError {
  const { extensions, ...shown } = error.toJSON();
  const { http: _http, ...rest } = extensions ?? {};
  return { ...shown, extensions: rest };
}

/** The place of a subscription among the open ones, and the error when it was taken away. */
class SubscriptionSlot {
  leave: () => void = () => undefined;
  /** Interrupts the subscription once it has begun. */
  interrupt: (() => void) | undefined;
  error: GraphQLError | undefined;

  end(error: Error): void {
    this.error = error as GraphQLError;
    this.interrupt?.();
  }
}

/**
 * Answers being computed for one subscription. At this limit it stops listening, lets them be sent, and reads
 * on from the log.
 */
const maxUnderWay = 16;

/**
 * A subscription that is pushed its values. A group is served in one pass, without an object for each member
 * and value.
 */
class Follower implements Taker<object> {
  readonly #group: Group;
  readonly #tap: Tap<object>;
  readonly #sink: FrameSink;
  readonly #done = Promise.withResolvers<void>();
  #underWay = 0;
  #stopped = false;
  #failed = false;

  constructor(group: Group, tap: Tap<object>, sink: FrameSink) {
    this.#group = group;
    this.#tap = tap;
    this.#sink = sink;
  }

  /** Resolves when the follower has stopped and nothing is under way. */
  get done(): Promise<void> {
    return this.#done.promise;
  }

  take(value: object): void {
    if (++this.#underWay === maxUnderWay) this.end();
    this.#group.answerInTurn(value, this);
  }

  send(frame: Frame): void {
    // After an error nothing more is sent.
    if (this.#failed) return;
    this.#underWay--;
    if (!this.#sink.send(frame) || this.#stopped) this.end();
  }

  fail(error: unknown): void {
    this.#failed = true;
    this.#tap.close();
    this.#done.reject(error);
  }

  end(): void {
    this.#stopped = true;
    this.#tap.close();
    if (this.#underWay === 0) this.#done.resolve();
  }
}

/** A subscription as a transport drives it. It reads no further than the transport asks. */
export class LiveStream implements AsyncIterable<ExecutionResult> {
  readonly #source: Stream<object>;
  readonly #group: Group;
  readonly #slot: SubscriptionSlot;
  #ended = false;

  constructor(source: Stream<object>, group: Group, slot: SubscriptionSlot) {
    this.#source = source;
    this.#group = group;
    this.#slot = slot;
    group.join();
    slot.interrupt = () => void this.#source.return?.();
    if (slot.error) slot.interrupt();
  }

  /** Undefined when the subscription is over. */
  async next(): Promise<Frame | undefined> {
    try {
      const { done, value } = await this.#source.next();
      if (done !== true) return { json: await this.#group.answer(value), value };
    } catch (error) {
      await this.close();
      throw error;
    }
    this.#end();
    const { error } = this.#slot;
    if (!error) return undefined;
    // The error frame that ends a revoked subscription.
    this.#slot.error = undefined;
    return { json: toJson({ errors: [withoutStatus(error)] }), value: undefined };
  }

  /** True when the subscription ended because the process stops. Its client must not take it for complete. */
  get isCutShort(): boolean {
    return this.#group.isStopping;
  }

  /** The cursor after a frame; undefined when the subscription cannot be resumed. */
  cursorOf({ value }: Frame): string | undefined {
    return value && this.#source.cursorOf?.(value);
  }

  /**
   * Pushes frames as they happen, until `sink` cannot take more or the subscription ends. After that, use
   * `next`. Undefined when there is still something to read first.
   */
  follow(sink: FrameSink): Promise<void> | undefined {
    const { tap } = this.#source;
    if (!tap) return undefined;
    const follower = new Follower(this.#group, tap, sink);
    return tap.open(follower) ? follower.done : undefined;
  }

  async close(): Promise<void> {
    this.#end();
    await this.#source.return?.();
  }

  /** The same values as plain results, for callers that serialise them themselves. */
  async *[Symbol.asyncIterator](): AsyncGenerator<ExecutionResult> {
    try {
      for await (const value of this.#source) yield await this.#group.execute(value);
    } finally {
      await this.close();
    }
  }

  #end(): void {
    if (!this.#ended) {
      this.#group.leave();
      this.#slot.leave();
    }
    this.#ended = true;
  }
}
