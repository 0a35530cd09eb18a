import { expect, it } from "vitest";
import { fromStored, readTraceparent, toStored } from "../../src/tracing/stored-trace.ts";

const ids = { traceId: "4bf92f3577b34da6a3ce929d0e0e4736", spanId: "00f067aa0ba902b7", traceFlags: 1 };
const traceparent = `00-${ids.traceId}-${ids.spanId}-01`;

it("a trace context is stored in 25 bytes and read again as it was", () => {
  expect(fromStored(toStored(ids))).toEqual(ids);
  expect(Buffer.from(toStored(ids).slice(2), "hex")).toHaveLength(25);
});

it("a traceparent is read, also of a later version with more behind it", () => {
  expect(readTraceparent(traceparent)).toEqual(ids);
  expect(readTraceparent(`01-${ids.traceId}-${ids.spanId}-03-more`)).toEqual(ids);
  expect(readTraceparent(`00-${ids.traceId}-${ids.spanId}-00`)?.traceFlags).toBe(0);
});

it.each([
  undefined,
  "",
  "nonsense",
  `ff-${ids.traceId}-${ids.spanId}-01`,
  `00-${"0".repeat(32)}-${ids.spanId}-01`,
  `00-${ids.traceId}-${"0".repeat(16)}-01`,
  `00-${ids.traceId.toUpperCase()}-${ids.spanId}-01`,
])("%j is no traceparent, so a new trace begins", (header) => {
  expect(readTraceparent(header)).toBeUndefined();
});
