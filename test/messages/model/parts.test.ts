import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PartHistory, weighPart } from "../../../src/messages/model/parts.ts";
import { ignoredReason, type IgnoredReason, type MessageStatus } from "../../../src/messages/model/status.ts";
import type { StatusChange } from "../../../src/messages/model/status-change.ts";
import { runs } from "../../support/runs.ts";

type Said = Pick<StatusChange, "status" | "part" | "parts" | "cost">;

interface Outcome {
  status: MessageStatus;
  cost: string | undefined;
  ignored: (IgnoredReason | undefined)[];
}

/** A submitted message that gets these reports one after the other. */
function tell(...reports: Said[]): Outcome {
  const earlier = new PartHistory();
  const of = { messageId: "m", providerId: "p" };
  const outcome: Outcome = { status: "SUBMITTED", cost: undefined, ignored: [] };
  for (const said of reports) {
    const change = { messageId: "m", source: "CALLBACK", receivedAt: new Date(0), ...said } as const;
    const weighed = weighPart(earlier.of("m", "p"), outcome.status, change);
    const ignored = weighed.ignored ?? ignoredReason(outcome.status, weighed.status);
    outcome.ignored.push(ignored);
    outcome.cost = weighed.messageCost ?? outcome.cost;
    if (ignored === undefined) outcome.status = weighed.status;
    // As in the logged event.
    const status = ignored === undefined ? weighed.status : said.status;
    earlier.add({ ...of, part: said.part ?? 1, parts: said.parts ?? 1, status, cost: said.cost ?? null });
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
  test("a message of three parts is delivered when its last part arrives, in any order", () => {
    const outcome = tell(part(2, "DELIVERED"), part(3, "DELIVERED"), part(1, "DELIVERED"));
    expect(outcome).toMatchObject({
      status: "DELIVERED",
      ignored: ["AWAITING_PARTS", "AWAITING_PARTS", undefined],
    });
  });

  test("a message fails with its first failed part, and a part that arrives later is ignored", () => {
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

  test("a part that is reported twice counts once", () => {
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

  test("a part that has arrived cannot fail the message later", () => {
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

  test("a part that has failed cannot rescue the message later", () => {
    const outcome = tell(
      part(1, "UNDELIVERED"),
      part(1, "DELIVERED"),
      part(2, "DELIVERED"),
      part(3, "DELIVERED"),
    );
    expect(outcome.status).toBe("UNDELIVERED");
  });

  test("a message is READ once all parts have arrived and one was read", () => {
    const orders = [
      [part(1, "READ"), part(2, "DELIVERED"), part(3, "DELIVERED")],
      [part(2, "DELIVERED"), part(3, "DELIVERED"), part(1, "READ")],
      [part(1, "DELIVERED"), part(2, "DELIVERED"), part(3, "DELIVERED"), part(1, "READ")],
      [part(1, "DELIVERED"), part(1, "READ"), part(2, "DELIVERED"), part(3, "DELIVERED")],
    ];
    for (const order of orders) expect(tell(...order).status).toBe("READ");
    expect(tell(part(1, "READ"), part(2, "READ")).status).toBe("SUBMITTED");
  });

  test("the largest number of parts that the provider reported counts", () => {
    const two = { ...part(1, "DELIVERED"), parts: 2 };
    expect(tell(two, part(2, "DELIVERED")).status).toBe("SUBMITTED");
    expect(tell(part(2, "DELIVERED"), two).status).toBe("SUBMITTED");
    expect(tell(part(3, "DELIVERED"), two, part(2, "DELIVERED")).status).toBe("DELIVERED");
  });

  test("a message costs the exact sum of its parts, however often and in any order they are reported", () => {
    const create = [part(1, "SENT", "0.1"), part(2, "SENT", "0.2"), part(3, "SENT", "0.000000000000001")];
    expect(tell(...create, ...create)).toMatchObject({ status: "SENT", cost: "0.300000000000001" });
    expect(
      tell(part(3, "UNDELIVERED", "0.1"), part(1, "SENT", "0.1"), part(2, "DELIVERED", "0.1")).cost,
    ).toBe("0.3");
    expect(tell(part(1, "SENT", "0.1"), part(1, "DELIVERED"), part(2, "SENT")).cost).toBe("0.1");
  });

  test("an ignored receipt does not change the price of its part", () => {
    expect(tell(part(1, "DELIVERED", "0.1"), part(1, "SENT", "0.9")).cost).toBe("0.1");
    expect(tell(part(1, "DELIVERED"), part(1, "SENT", "0.9")).cost).toBe("0.9");
  });
});

const finals = ["DELIVERED", "READ", "UNDELIVERED", "EXPIRED", "REJECTED", "FAILED"] as const;

/** How each part ends, and the reports of that: in any order, some of them repeated. */
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

describe("part reports in any order, with repeats", () => {
  test("a message ends as its parts did, in any order of reports", () => {
    fc.assert(
      fc.property(story, ({ parts, order }) => {
        const { status } = tell(...order);
        const ends = parts.map(({ final }) => final);
        const failures = ends.filter((end) => end !== "DELIVERED" && end !== "READ");
        const arrival = ends.includes("READ") ? "READ" : "DELIVERED";
        expect(failures.length > 0 ? failures : [arrival]).toContain(status);
      }),
      runs(800),
    );
  });

  test("a message costs the sum of its parts, in any order of reports", () => {
    fc.assert(
      fc.property(story, ({ parts, order }) => {
        const cents = parts.reduce((sum, one) => sum + one.cents, 0);
        expect(Math.round(Number(tell(...order).cost) * 100)).toBe(cents);
      }),
      runs(800),
    );
  });
});
