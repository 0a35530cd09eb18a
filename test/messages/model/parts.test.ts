import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { weighPart, type PartReport } from "../../../src/messages/model/parts.ts";
import { ignoredReason, type IgnoredReason, type MessageStatus } from "../../../src/messages/model/status.ts";
import type { StatusChange } from "../../../src/messages/model/status-change.ts";

type Said = Pick<StatusChange, "status" | "part" | "parts" | "cost">;

interface Outcome {
  status: MessageStatus;
  cost: string | undefined;
  ignored: (IgnoredReason | undefined)[];
}

/** A submitted message that is told these things one after the other. */
function tell(...reports: Said[]): Outcome {
  const earlier: PartReport[] = [];
  const outcome: Outcome = { status: "SUBMITTED", cost: undefined, ignored: [] };
  for (const said of reports) {
    const change = { messageId: "m", source: "CALLBACK", receivedAt: new Date(0), ...said } as const;
    const weighed = weighPart(earlier, outcome.status, change);
    const ignored = weighed.ignored ?? ignoredReason(outcome.status, weighed.status);
    outcome.ignored.push(ignored);
    outcome.cost = weighed.messageCost ?? outcome.cost;
    if (ignored === undefined) outcome.status = weighed.status;
    // As the event that is logged of it.
    const status = ignored === undefined ? weighed.status : said.status;
    earlier.push({ part: said.part ?? 1, parts: said.parts ?? 1, status, cost: said.cost ?? null });
  }
  return outcome;
}

const part = (number: number, status: MessageStatus, cost?: string): Said => ({
  part: number,
  parts: 3,
  status,
  ...(cost !== undefined && { cost }),
});

describe("a message of three parts", () => {
  test("is delivered with the last part, whichever that is", () => {
    const outcome = tell(part(2, "DELIVERED"), part(3, "DELIVERED"), part(1, "DELIVERED"));
    expect(outcome).toMatchObject({
      status: "DELIVERED",
      ignored: ["AWAITING_PARTS", "AWAITING_PARTS", undefined],
    });
  });

  test("fails with the first part that does, and a part that arrives then is too late", () => {
    const outcome = tell(
      part(1, "DELIVERED"),
      part(2, "EXPIRED"),
      part(3, "DELIVERED"),
      part(3, "DELIVERED"),
    );
    expect(outcome).toMatchObject({
      status: "EXPIRED",
      ignored: ["AWAITING_PARTS", undefined, "ALREADY_FINAL", "DUPLICATE"],
    });
  });

  test("does not count a part twice", () => {
    const outcome = tell(
      part(1, "DELIVERED"),
      part(1, "DELIVERED"),
      part(2, "DELIVERED"),
      part(1, "DELIVERED"),
    );
    expect(outcome).toMatchObject({
      status: "SUBMITTED",
      ignored: ["AWAITING_PARTS", "DUPLICATE", "AWAITING_PARTS", "DUPLICATE"],
    });
  });

  test("is not failed by a part that had arrived before", () => {
    const outcome = tell(
      part(1, "DELIVERED"),
      part(1, "UNDELIVERED"),
      part(2, "DELIVERED"),
      part(3, "DELIVERED"),
    );
    expect(outcome).toMatchObject({
      status: "DELIVERED",
      ignored: ["AWAITING_PARTS", "ALREADY_FINAL", "AWAITING_PARTS", undefined],
    });
  });

  test("is not rescued by a part that had failed before", () => {
    const outcome = tell(
      part(1, "UNDELIVERED"),
      part(1, "DELIVERED"),
      part(2, "DELIVERED"),
      part(3, "DELIVERED"),
    );
    expect(outcome.status).toBe("UNDELIVERED");
  });

  test("is read once all parts have arrived and any was read", () => {
    const orders = [
      [part(1, "READ"), part(2, "DELIVERED"), part(3, "DELIVERED")],
      [part(2, "DELIVERED"), part(3, "DELIVERED"), part(1, "READ")],
      [part(1, "DELIVERED"), part(2, "DELIVERED"), part(3, "DELIVERED"), part(1, "READ")],
      [part(1, "DELIVERED"), part(1, "READ"), part(2, "DELIVERED"), part(3, "DELIVERED")],
    ];
    for (const order of orders) expect(tell(...order).status).toBe("READ");
    expect(tell(part(1, "READ"), part(2, "READ")).status).toBe("SUBMITTED");
  });

  test("may be counted differently: the largest count holds", () => {
    const two = { ...part(1, "DELIVERED"), parts: 2 };
    expect(tell(two, part(2, "DELIVERED")).status).toBe("SUBMITTED");
    expect(tell(part(2, "DELIVERED"), two).status).toBe("SUBMITTED");
    expect(tell(part(3, "DELIVERED"), two, part(2, "DELIVERED")).status).toBe("DELIVERED");
  });

  test("costs what its parts cost, exactly, however often and in whatever order they are told", () => {
    const create = [part(1, "SENT", "0.1"), part(2, "SENT", "0.2"), part(3, "SENT", "0.000000000000001")];
    expect(tell(...create, ...create)).toMatchObject({ status: "SENT", cost: "0.300000000000001" });
    expect(
      tell(part(3, "UNDELIVERED", "0.1"), part(1, "SENT", "0.1"), part(2, "DELIVERED", "0.1")).cost,
    ).toBe("0.3");
    expect(tell(part(1, "SENT", "0.1"), part(1, "DELIVERED"), part(2, "SENT")).cost).toBe("0.1");
  });

  test("keeps the price of a part when a receipt that is ignored names another one", () => {
    expect(tell(part(1, "DELIVERED", "0.1"), part(1, "SENT", "0.9")).cost).toBe("0.1");
    expect(tell(part(1, "DELIVERED"), part(1, "SENT", "0.9")).cost).toBe("0.9");
  });
});

const finals = ["DELIVERED", "READ", "UNDELIVERED", "EXPIRED", "REJECTED", "FAILED"] as const;

/** What becomes of each part, and the reports that say so: in any order, some of them repeatedly. */
const story = fc
  .array(fc.record({ final: fc.constantFrom(...finals), cents: fc.nat(100) }), { minLength: 2, maxLength: 5 })
  .chain((parts) => {
    const reports = parts.flatMap(({ final, cents }, index) =>
      (["SENT", "UNKNOWN", final] as const).map((status): Said => {
        return { status, part: index + 1, parts: parts.length, cost: String(cents / 100) };
      }),
    );
    const extra = fc.subarray(reports);
    const order = extra.chain((repeated) => {
      const all = [...reports, ...repeated];
      return fc.shuffledSubarray(all, { minLength: all.length, maxLength: all.length });
    });
    return fc.record({ parts: fc.constant(parts), order });
  });

describe("whatever the order and however often it is told", () => {
  test("a message ends as its parts did", () => {
    fc.assert(
      fc.property(story, ({ parts, order }) => {
        const { status } = tell(...order);
        const ends = parts.map(({ final }) => final);
        const failures = ends.filter((end) => end !== "DELIVERED" && end !== "READ");
        const arrival = ends.includes("READ") ? "READ" : "DELIVERED";
        expect(failures.length > 0 ? failures : [arrival]).toContain(status);
      }),
      { numRuns: 3000 },
    );
  });

  test("it costs the sum of its parts", () => {
    fc.assert(
      fc.property(story, ({ parts, order }) => {
        const cents = parts.reduce((sum, one) => sum + one.cents, 0);
        expect(Math.round(Number(tell(...order).cost) * 100)).toBe(cents);
      }),
      { numRuns: 3000 },
    );
  });
});
