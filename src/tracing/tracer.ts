import type { StoredTrace } from "./stored-trace.ts";

export type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

export interface NewSpan {
  /** Of few different values, as the semantic conventions want it. */
  name: string;
  kind: "internal" | "server" | "client" | "producer" | "consumer";
  attributes: Attributes;
}

/** A span that is not over: what becomes known while the work runs. */
export interface OpenSpan {
  set(attributes: Attributes): void;
  /** The work failed, though it threw nothing. `type`: a code of few different values. */
  fail(type: string): void;
}

/** A span of something that is already over. */
export interface PastSpan extends NewSpan {
  startedAt: Date;
  endedAt?: Date;
}

/** What is behind this module while it is on. */
export interface Tracer {
  /** Begins a trace, or goes on with that of a `traceparent` header. */
  begin<Result>(
    span: NewSpan,
    traceparent: string | undefined,
    work: (span: OpenSpan) => Promise<Result>,
  ): Promise<Result>;
  /** A span below that of a stored trace, or below the present one. */
  below<Result>(
    parent: StoredTrace | undefined,
    span: NewSpan,
    work: (span: OpenSpan) => Promise<Result>,
  ): Promise<Result>;
  note(parent: string, span: PastSpan): void;
  current(): StoredTrace;
  stop(): Promise<void>;
}

export interface TracingSettings {
  /** The address of an OTLP collector over HTTP, without `/v1/traces`. */
  endpoint: string;
  /** The share of traces that is recorded, from 0 to 1, where a caller has not decided it. */
  ratio: number;
}
