import { describe, expect, it } from "vitest";
import type { EventFilter } from "../../../src/messages/log/event-filter.ts";
import { Topics, type Topic } from "../../../src/messages/log/topics.ts";
import { mostWatched } from "../../../src/messages/log/watched-messages.ts";
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

const named = (from: number, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `message ${from + index}`);

describe("what many watched messages take", () => {
  it("the key of a filter is short, however many messages it names", () => {
    const { key } = new Topics(nobody).join({ accountId, messageIds: named(0, 1_000) });
    expect(key.length).toBeLessThan(100);
  });

  it("each of many named messages is found, and nothing else", () => {
    const topics = new Topics(nobody);
    const topic = topics.join({ accountId, messageIds: named(0, 1_000).toReversed() });
    const other = topics.join({ accountId, messageIds: named(999, 2) });
    const events = [...named(0, 1_001), "message", "zzz"].map((messageId) => eventOf({ messageId }));
    const wanted = topics.wanting(events);
    expect(wanted.get(topic)).toEqual(events.slice(0, 1_000));
    expect(wanted.get(other)).toEqual(events.slice(999, 1_001));
    topics.leave(topic);
    expect([...topics.wanting(events).keys()]).toEqual([other]);
  });

  it("subscriptions of an account name so many messages at most, and of equal filters one counts", () => {
    const topics = new Topics(nobody);
    const join = (from: number, account = accountId) =>
      topics.join({ accountId: account, messageIds: named(from, 1_000) }, { isBounded: true });
    const [first] = Array.from({ length: mostWatched / 1_000 }, (_, place) => join(place * 1_000));
    join(0);
    const refusal = { code: "TOO_MANY_REQUESTS", scope: "ACCOUNT", limit: mostWatched };
    expect(() => join(mostWatched)).toThrow(expect.objectContaining(refusal));
    join(0, "another");
    // Of a single one there may be as many as there are subscriptions; webhooks are bounded by their number.
    topics.join({ accountId, messageIds: ["single"] }, { isBounded: true });
    const webhook = topics.join({ accountId, messageIds: ["of a", "webhook"] });
    topics.leave(first as Topic);
    topics.leave(webhook);
    expect(() => join(mostWatched)).toThrow(expect.objectContaining(refusal));
    topics.leave(first as Topic);
    join(mostWatched);
  });
});
