import { describe, expect, it } from "vitest";
import type { EventFilter } from "../../../src/messages/log/event-filter.ts";
import { Topics } from "../../../src/messages/log/topics.ts";
import type { FeedEvent } from "../../../src/messages/log/logged-event.ts";

const accountId = "account";

const eventOf = (fields: Partial<FeedEvent>): FeedEvent =>
  ({
    accountId,
    messageId: "message",
    campaignId: null,
    providerId: null,
    clientRef: null,
    country: null,
    status: "SENT",
    ...fields,
  }) as FeedEvent;

/** Whoever reads the log need not be told what is wanted. */
const nobody = { watch: () => undefined, unwatch: () => undefined };

describe("topics", () => {
  it("equal filters share one topic, in any order of their values", () => {
    const topics = new Topics(nobody);
    const one = topics.join({ accountId, messageIds: ["1", "2"], statuses: ["SENT", "READ"] });
    expect(topics.join({ statuses: ["READ", "SENT"], accountId, messageIds: ["2", "1", "2"] })).toBe(one);
    expect(topics.join({ accountId, messageIds: ["1", "2"] })).not.toBe(one);
  });

  it.each([
    ["message", { messageIds: ["wanted"] }, { messageId: "wanted" }, { messageId: "other" }],
    ["campaign", { campaignId: "wanted" }, { campaignId: "wanted" }, { campaignId: null }],
    ["provider", { providerId: "wanted" }, { providerId: "wanted" }, { providerId: null }],
    ["country", { countries: ["SK"] }, { country: "SK" }, { country: null }],
    ["reference", { clientRefPrefix: "a" }, { clientRef: "ab" }, { clientRef: null }],
    ["status", { statuses: ["READ"] as const }, { status: "READ" as const }, { status: "SENT" as const }],
    ["account", {}, {}, { accountId: "other" }],
  ])(
    "a topic gets only the events that match its %s",
    (_what, filter: Partial<EventFilter>, wanted, other) => {
      const topics = new Topics(nobody);
      const topic = topics.join({ accountId, ...filter });
      const event = eventOf(wanted);
      expect([...topics.wanting([event, eventOf(other)])]).toEqual([[topic, [event]]]);
      topics.leave(topic);
      expect(topics.wanting([event]).size).toBe(0);
    },
  );

  it("an event is offered only to the filters that can want it", () => {
    const topics = new Topics(nobody);
    let asked = 0;
    for (let number = 0; number < 1_000; number++) {
      const filters = [
        { messageIds: [`${number}`] },
        { campaignId: `${number}` },
        { providerId: `${number}` },
      ];
      for (const filter of filters) {
        const topic = topics.join({ accountId, ...filter });
        const { matches } = topic;
        Object.assign(topic, { matches: (event: FeedEvent) => (asked++, matches(event)) });
      }
    }
    const event = eventOf({ messageId: "7", campaignId: "8", providerId: "9" });
    expect(topics.wanting([event]).size).toBe(3);
    expect(asked).toBe(3);
  });
});
