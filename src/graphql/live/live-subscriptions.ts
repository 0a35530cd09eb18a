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
import type { Viewer } from "../../access/api-keys.ts";
import { patient } from "../../database/read-through-outage.ts";
import type { AccessGuard } from "../guards/access-guard.ts";
import { createContext, type Context, type Services } from "../context.ts";
import { Reads } from "../reads.ts";
import { sharingKey } from "./sharing-key.ts";
import type { Stream, Taker, Tap } from "../streams.ts";

/** One answer of a subscription, serialised once for everyone it goes to. */
export interface Frame {
  /** `{"data":…}}` in UTF-8: with the brace that closes the message it is put into, so that it need not be copied. */
  json: Uint8Array;
  /** What it was made of; undefined for the last word of a subscription that was ended. */
  value: object | undefined;
}

/** Where pushed frames go. */
export interface FrameSink {
  /** False when it wants no more for now. */
  send(frame: Frame): boolean;
}

type MaskError = (error: unknown) => Error;

/**
 * The subscriptions of this process. Each reads its own stream of events, with its own place in it, so that each is
 * complete by itself, however slow it is and wherever it started. What is shared is the work: streams that wait for the
 * same events are handed the same objects, and those of one group (the same document, variables and rights) are
 * answered with the same bytes.
 */
export class LiveSubscriptions {
  readonly #services: Services;
  readonly #maskError: MaskError;
  readonly #guard: AccessGuard;
  readonly #groups = new Map<string, Group>();

  constructor(services: Services, maskError: MaskError, guard: AccessGuard) {
    const database = patient(services.database);
    this.#services = { ...services, database, reads: new Reads(database) };
    this.#maskError = maskError;
    this.#guard = guard;
  }

  /** Different subscriptions that are open: what is executed once for each event. */
  get groups(): number {
    return this.#groups.size;
  }

  /** Starts a subscription; the errors of one that does not start are not masked yet. */
  async start(args: ExecutionArgs & { contextValue: Context }): Promise<ExecutionResult | LiveStream> {
    const { contextValue } = args;
    const refused = this.#guard.admit(args);
    if (refused) return { errors: [refused] };
    const place = new SubscriptionSlot();
    try {
      place.leave = this.#guard.enter(contextValue, (error) => place.end(this.#maskError(error)));
      const started = await this.#open(args, place);
      if (!(started instanceof LiveStream)) place.leave();
      return started;
    } catch (error) {
      place.leave();
      if (error instanceof GraphQLError) return { errors: [error] };
      throw error;
    }
  }

  async #open(
    args: ExecutionArgs & { contextValue: Context },
    place: SubscriptionSlot,
  ): Promise<ExecutionResult | LiveStream> {
    const { contextValue } = args;
    Object.assign(contextValue, createContext(this.#services, contextValue.viewer));
    const checked = validateSubscriptionArgs(args);
    if (!("schema" in checked)) return { errors: checked };
    const source = await createSourceEventStream(checked);
    if (!(Symbol.asyncIterator in source)) return source;
    const key = sharingKey(checked, contextValue.viewer);
    return new LiveStream(source as Stream<object>, this.#groupOf(key, args), place);
  }

  #groupOf(key: string, args: ExecutionArgs & { contextValue: Context }): Group {
    const known = this.#groups.get(key);
    if (known) return known;
    const { schema, document, operationName, variableValues, contextValue } = args;
    const group = new Group({
      args: { schema, document, operationName, variableValues },
      // An error may name the key, and here it is not that of everyone who is told.
      viewer: contextValue.viewer && { ...contextValue.viewer, keyName: "of this subscription" },
      services: this.#services,
      maskError: this.#maskError,
      onEmpty: () => this.#groups.delete(key),
    });
    this.#groups.set(key, group);
    return group;
  }
}

interface GroupOptions {
  args: ExecutionArgs;
  viewer: Viewer | undefined;
  services: Services;
  maskError: MaskError;
  onEmpty: () => void;
}

/** Subscriptions that are shown the same for the same event. */
class Group {
  readonly #options: GroupOptions;
  /** Kept while there is someone to share it with: by itself a subscription waits most of the time. */
  #args: ValidatedSubscriptionArgs | undefined;
  /** What was made of a value lives as long as the value: while some member still has to send it. */
  #answers: WeakMap<object, Promise<Uint8Array>> | undefined;
  #turns: WeakMap<object, Follower[]> | undefined;
  #lastTurn: Promise<void> | undefined;
  #members = 0;

  constructor(options: GroupOptions) {
    this.#options = options;
  }

  join(): void {
    this.#members++;
  }

  leave(): void {
    if (--this.#members === 0) this.#options.onEmpty();
  }

  /** The answer to a value, made by the first who asks. */
  answer(value: object): Promise<Uint8Array> {
    const answers = this.#members > 1 ? (this.#answers ??= new WeakMap()) : undefined;
    const known = answers?.get(value);
    if (known) return known;
    const answer = this.execute(value).then(({ data, errors }) =>
      toJson({ data, ...(errors && { errors: errors.map(withoutStatus) }) }),
    );
    answers?.set(value, answer);
    answer.catch(() => answers?.delete(value));
    return answer;
  }

  /**
   * Hands over the answer to a value that was pushed: values in their order, whichever is ready first, and each to all
   * who were given it in one go.
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

  /** Each value with a context of its own: what one has loaded would be old for the next. */
  async execute(rootValue: unknown): Promise<ExecutionResult> {
    const { services, viewer, maskError } = this.#options;
    const contextValue = createContext(services, viewer);
    const args = this.#args ?? validated(this.#options.args);
    this.#args = this.#members > 1 ? args : undefined;
    const { data, errors } = await executeSubscriptionEvent({ ...args, contextValue, rootValue });
    if (!errors) return { data };
    return { data, errors: errors.map((error) => maskError(error) as GraphQLError) };
  }
}

/** What was valid for the first member is valid. */
function validated(args: ExecutionArgs): ValidatedSubscriptionArgs {
  const checked = validateSubscriptionArgs(args);
  if ("schema" in checked) return checked;
  throw new AggregateError(checked, "The arguments of a running subscription are not valid");
}

const encoder = new TextEncoder();

const toJson = (result: object): Frame["json"] => encoder.encode(`${JSON.stringify(result)}}`);

/** An error's status for HTTP has no meaning within a stream. */
function withoutStatus(error: GraphQLError): GraphQLFormattedError {
  const { extensions, ...shown } = error.toJSON();
  const { http: _http, ...rest } = extensions ?? {};
  return { ...shown, extensions: rest };
}

/** The place of a subscription among those that may be open, and why it was taken away. */
class SubscriptionSlot {
  leave: () => void = () => undefined;
  /** Interrupts the subscription, once it has begun. */
  interrupt: (() => void) | undefined;
  error: GraphQLError | undefined;

  end(error: Error): void {
    this.error = error as GraphQLError;
    this.interrupt?.();
  }
}

/** Frames being made for one subscription: over it, it waits until they are sent, and reads on from the log. */
const maxUnderWay = 16;

/** A subscription that is pushed its values: those of a group are all told in one go, with nothing made for each. */
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

  /** Settles when it is over, and nothing is under way any more. */
  get done(): Promise<void> {
    return this.#done.promise;
  }

  take(value: object): void {
    if (++this.#underWay === maxUnderWay) this.end();
    this.#group.answerInTurn(value, this);
  }

  send(frame: Frame): void {
    // An error is the last word.
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

/** A subscription as a transport drives it: nothing is read ahead of what it asks for. */
export class LiveStream implements AsyncIterable<ExecutionResult> {
  readonly #source: Stream<object>;
  readonly #group: Group;
  readonly #place: SubscriptionSlot;
  #ended = false;

  constructor(source: Stream<object>, group: Group, place: SubscriptionSlot) {
    this.#source = source;
    this.#group = group;
    this.#place = place;
    group.join();
    place.interrupt = () => void this.#source.return?.();
    if (place.error) place.interrupt();
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
    const { error } = this.#place;
    if (!error) return undefined;
    // The last word of one that was ended.
    this.#place.error = undefined;
    return { json: toJson({ errors: [withoutStatus(error)] }), value: undefined };
  }

  /** Where to go on behind a frame, where the subscription can be resumed. */
  cursorOf({ value }: Frame): string | undefined {
    return value && this.#source.cursorOf?.(value);
  }

  /**
   * Pushes frames as they come, until `sink` wants no more or the subscription ends; then `next` goes on. Undefined
   * when there is something to read first.
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

  /** The same as plain results, for whoever wants to serialise them himself. */
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
      this.#place.leave();
    }
    this.#ended = true;
  }
}
