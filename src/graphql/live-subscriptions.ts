import {
  createSourceEventStream,
  executeSubscriptionEvent,
  validateSubscriptionArgs,
  type ExecutionArgs,
  type ExecutionResult,
  type GraphQLError,
  type GraphQLFormattedError,
  type ValidatedSubscriptionArgs,
} from "graphql";
import { patient } from "../database/patient.ts";
import { createContext, type Context, type Services } from "./context.ts";
import { sharingKey } from "./sharing-key.ts";
import type { Stream } from "./streams.ts";

/** One answer of a subscription, serialised once for everyone it goes to. */
export interface Frame {
  /** `{"data":…}` in UTF-8. */
  json: Uint8Array;
  /** Where to go on behind it, where the subscription can be resumed. */
  cursor: string | undefined;
}

/** A subscription as a transport drives it: nothing is read ahead of what it asks for. */
export interface LiveStream extends AsyncIterable<ExecutionResult> {
  /** Undefined when the subscription is over. */
  next(): Promise<Frame | undefined>;
  close(): Promise<void>;
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
  readonly #groups = new Map<string, Group>();

  constructor(services: Services, maskError: MaskError) {
    this.#services = { ...services, database: patient(services.database) };
    this.#maskError = maskError;
  }

  /** Different subscriptions that are open: what is executed once for each event. */
  get groups(): number {
    return this.#groups.size;
  }

  /** Starts a subscription; the errors of one that does not start are not masked yet. */
  async start(args: ExecutionArgs & { contextValue: Context }): Promise<ExecutionResult | LiveStream> {
    const { contextValue } = args;
    Object.assign(contextValue, createContext(this.#services, contextValue.viewer));
    const validated = validateSubscriptionArgs(args);
    if (!("schema" in validated)) return { errors: validated };
    const source = await createSourceEventStream(validated);
    if (!(Symbol.asyncIterator in source)) return source;
    const group = this.#join(sharingKey(validated, contextValue.viewer), validated);
    return liveStream(source as Stream<unknown>, group, () => this.#leave(group));
  }

  #join(key: string, args: ValidatedSubscriptionArgs): Group {
    const { viewer } = args.contextValue as Context;
    const contextOf = (): Context => createContext(this.#services, viewer);
    const group = this.#groups.get(key) ?? new Group(key, args, contextOf, this.#maskError);
    this.#groups.set(key, group);
    group.members++;
    return group;
  }

  #leave(group: Group): void {
    if (--group.members === 0) this.#groups.delete(group.key);
  }
}

/** Subscriptions that are shown the same for the same event. */
class Group {
  readonly key: string;
  members = 0;
  readonly #args: ValidatedSubscriptionArgs;
  readonly #contextOf: () => Context;
  readonly #maskError: MaskError;
  /** What was made of a value lives as long as the value: while some member still has to send it. */
  readonly #answers = new WeakMap<object, Promise<Uint8Array>>();

  constructor(key: string, args: ValidatedSubscriptionArgs, contextOf: () => Context, maskError: MaskError) {
    this.key = key;
    // What was loaded to start the first member is not needed again.
    this.#args = { ...args, contextValue: undefined };
    this.#contextOf = contextOf;
    this.#maskError = maskError;
  }

  /** The answer to a value, made by the first who asks. */
  answer(value: object): Promise<Uint8Array> {
    const known = this.#answers.get(value);
    if (known) return known;
    const answer = this.execute(value).then(({ data, errors }) => {
      // An error names whom it is for.
      if (errors) this.#answers.delete(value);
      return encoder.encode(JSON.stringify({ data, ...(errors && { errors: errors.map(withoutStatus) }) }));
    });
    this.#answers.set(value, answer);
    answer.catch(() => this.#answers.delete(value));
    return answer;
  }

  /** Each value with a context of its own: what one has loaded would be old for the next. */
  async execute(rootValue: unknown): Promise<ExecutionResult> {
    const contextValue = this.#contextOf();
    const { data, errors } = await executeSubscriptionEvent({ ...this.#args, contextValue, rootValue });
    if (!errors) return { data };
    return { data, errors: errors.map((error) => this.#maskError(error) as GraphQLError) };
  }
}

const encoder = new TextEncoder();

/** An error's status for HTTP has no meaning within a stream. */
function withoutStatus(error: GraphQLError): GraphQLFormattedError {
  const { extensions, ...shown } = error.toJSON();
  const { http: _http, ...rest } = extensions ?? {};
  return { ...shown, extensions: rest };
}

function liveStream(source: Stream<unknown>, group: Group, onEnd: () => void): LiveStream {
  let ended = false;
  const end = (): void => {
    if (!ended) onEnd();
    ended = true;
  };
  const next = async (): Promise<unknown> => {
    try {
      const { done, value } = await source.next();
      if (done !== true) return value;
    } catch (error) {
      end();
      throw error;
    }
    end();
    return undefined;
  };
  const close = async (): Promise<void> => {
    end();
    await source.return?.();
  };
  return {
    async next() {
      const value = await next();
      if (value === undefined) return undefined;
      return { json: await group.answer(value as object), cursor: source.cursorOf?.(value) };
    },
    close,
    async *[Symbol.asyncIterator]() {
      for (;;) {
        const value = await next();
        if (value === undefined) return;
        yield await group.execute(value);
      }
    },
  };
}
