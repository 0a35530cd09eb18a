import { AsyncLocalStorage } from "node:async_hooks";
import {
  type Context,
  diag,
  isSpanContextValid,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
} from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import {
  defaultResource,
  detectResources,
  envDetector,
  resourceFromAttributes,
} from "@opentelemetry/resources";
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import { setTimeout as pause } from "node:timers/promises";
import { fromStored, readTraceparent, toStored } from "./stored-trace.ts";
import type { Attributes, NewSpan, OpenSpan, Tracer, TracingSettings } from "./tracer.ts";

/** How long a stop waits for the collector: a small part of the time that a drain may take. */
const maxFlushMs = 5_000;

const maxAttributeLength = 200;

const kinds = {
  internal: SpanKind.INTERNAL,
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
} satisfies Record<NewSpan["kind"], SpanKind>;

/**
 * Sends spans to a collector, in batches. Its queue is bounded: what a slow collector does not take is dropped.
 * Headers, time limit and compression are those of the standard variables (`OTEL_EXPORTER_OTLP_HEADERS`, …), as
 * are the name and attributes of the service.
 */
export function openTelemetry(
  { endpoint, ratio }: TracingSettings,
  onProblem: (problem: string) => void,
): Tracer {
  // Its warnings may quote a header, which holds a secret.
  diag.setLogger({ error: onProblem, warn: ignore, info: ignore, debug: ignore, verbose: ignore });
  const provider = new TracerProvider({
    resource: defaultResource()
      .merge(resourceFromAttributes({ "service.name": "smsgraph" }))
      .merge(detectResources({ detectors: [envDetector] })),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) }),
    // A caller chooses the names of its operations.
    spanLimits: { attributeValueLengthLimit: maxAttributeLength },
    spanProcessors: [
      new BatchSpanProcessor({ exporter: new OTLPTraceExporter({ url: `${endpoint}/v1/traces` }) }),
    ],
  });
  const tracer = provider.getTracer("smsgraph");
  const running = new AsyncLocalStorage<Span>();

  function open({ name, kind, attributes }: NewSpan, context: Context): Span {
    return tracer.startSpan(name, { kind: kinds[kind], attributes: present(attributes) }, context);
  }

  async function run<Result>(span: Span, work: (span: OpenSpan) => Promise<Result>): Promise<Result> {
    try {
      return await running.run(span, work, openSpan(span));
    } catch (error) {
      openSpan(span).fail(typeOf(error));
      throw error;
    } finally {
      span.end();
    }
  }

  return {
    begin(span, traceparent, work) {
      const outside = readTraceparent(traceparent);
      const context = outside ? remote(outside) : ROOT_CONTEXT;
      return run(open(span, context), work);
    },
    below(parent, span, work) {
      const above = running.getStore();
      const ids = parent == null ? undefined : fromStored(parent);
      if (above && (!ids || ids.traceId === above.spanContext().traceId))
        return run(open(span, trace.setSpan(ROOT_CONTEXT, above)), work);
      return ids ? run(open(span, remote(ids)), work) : work(nothing);
    },
    note(parent, { name, kind, attributes, startedAt, endedAt = new Date() }) {
      const above = running.getStore()?.spanContext();
      tracer
        .startSpan(
          name,
          {
            kind: kinds[kind],
            attributes: present(attributes),
            startTime: startedAt,
            links: above && isSpanContextValid(above) ? [{ context: above }] : [],
          },
          remote(fromStored(parent)),
        )
        // The clocks of two processes differ.
        .end(endedAt < startedAt ? startedAt : endedAt);
    },
    current() {
      const context = running.getStore()?.spanContext();
      return context && (context.traceFlags & TraceFlags.SAMPLED) !== 0 ? toStored(context) : null;
    },
    async stop() {
      await Promise.race([
        provider.shutdown().catch((error: unknown) => onProblem(String(error))),
        pause(maxFlushMs, undefined, { ref: false }),
      ]);
    },
  };
}

const ignore = (): void => undefined;

const nothing: OpenSpan = { set: ignore, fail: ignore };

const openSpan = (span: Span): OpenSpan => ({
  set: (attributes) => void span.setAttributes(present(attributes)),
  fail: (type) =>
    void span.setAttribute("error.type", type).setStatus({ code: SpanStatusCode.ERROR, message: type }),
});

const remote = (ids: { traceId: string; spanId: string; traceFlags: number }): Context =>
  trace.setSpanContext(ROOT_CONTEXT, { ...ids, isRemote: true });

function present(attributes: Attributes): Record<string, string | number | boolean> {
  const set: Record<string, string | number | boolean> = {};
  for (const [key, value] of Object.entries(attributes)) if (value !== undefined) set[key] = value;
  return set;
}

/** The code or the name of an error. Its message may contain a number or a row of the database. */
function typeOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  return "code" in error && typeof error.code === "string" ? error.code : error.name;
}
