import type { StoredTrace } from "./stored-trace.ts";
import type { NewSpan, OpenSpan, PastSpan, Tracer, TracingSettings } from "./tracer.ts";

export type { StoredTrace };
export type { Attributes, NewSpan, TracingSettings } from "./tracer.ts";

/**
 * Traces of OpenTelemetry. As in its own API there is one tracer for the process, so that a place in the code
 * names its span and needs nothing else. Without a tracer every function here only runs the work that it is
 * given. A span never holds a text, a number or a message of an error, which could contain either.
 */

let tracer: Tracer | undefined;

const noSpan: OpenSpan = { set: () => undefined, fail: () => undefined };

/**
 * Turns tracing on for this process. Only now is OpenTelemetry loaded. Returns how to send what is left and turn
 * it off again. `onProblem` hears when spans cannot be sent.
 */
export async function startTracing(
  settings: TracingSettings,
  onProblem: (problem: string) => void,
): Promise<() => Promise<void>> {
  const { openTelemetry } = await import("./open-telemetry.ts");
  const started = openTelemetry(settings, onProblem);
  tracer = started;
  return async () => {
    tracer = undefined;
    await started.stop();
  };
}

export const isTracing = (): boolean => tracer !== undefined;

/** Runs work that begins a trace, or goes on with the one that a `traceparent` header names. */
export const tracedFromOutside = <Result>(
  span: NewSpan,
  traceparent: string | undefined,
  work: (span: OpenSpan) => Promise<Result>,
): Promise<Result> => (tracer ? tracer.begin(span, traceparent, work) : work(noSpan));

/** Runs work for a message or campaign, in its trace if it has one: as a step of what runs there at present. */
export const tracedFor = <Result>(
  trace: StoredTrace | undefined,
  span: NewSpan,
  work: (span: OpenSpan) => Promise<Result>,
): Promise<Result> => (tracer && trace != null ? tracer.below(trace, span, work) : work(noSpan));

/** Runs work as a step of what runs at present, if that is traced. */
export const tracedStep = <Result>(
  span: NewSpan,
  work: (span: OpenSpan) => Promise<Result>,
): Promise<Result> => (tracer ? tracer.below(undefined, span, work) : work(noSpan));

/** Notes what happened to a message in its trace, with a link to what runs at present. */
export function noteFor(trace: StoredTrace | undefined, span: PastSpan): void {
  if (tracer && trace != null) tracer.note(trace, span);
}

/** The trace of what runs at present, to be stored with what it makes; null when it is not recorded. */
export const currentTrace = (): StoredTrace => tracer?.current() ?? null;
