import { describe, expect, test } from "vitest";
import { evolve, type MessageState, type StateChange } from "../../../src/messages/model/evolve.ts";
import { messageStatuses } from "../../../src/messages/model/status.ts";

const at = (minute: number): Date => new Date(Date.UTC(2026, 0, 31, 8, minute));

const submitted: MessageState = {
  status: "SUBMITTED",
  version: 3,
  providerStatus: null,
  providerMessageId: "m-1",
  providerBatchId: null,
  failureCode: null,
  failureText: null,
  failurePermanent: null,
  mccmnc: null,
  cost: null,
  costCurrency: null,
  submittedAt: at(1),
  sentAt: null,
  deliveredAt: null,
  updatedAt: at(1),
};

function event(change: Partial<StateChange>): StateChange {
  return {
    applied: true,
    ignoredReason: null,
    rerouted: null,
    status: "SENT",
    version: 4,
    providerStatus: null,
    providerMessageId: null,
    providerBatchId: null,
    failureCode: null,
    failureText: null,
    failurePermanent: null,
    mccmnc: null,
    messageCost: null,
    costCurrency: null,
    occurredAt: at(5),
    receivedAt: at(6),
    ...change,
  };
}

const failure = { failureCode: "absent", failureText: "Phone is off.", failurePermanent: false };

describe("an applied event", () => {
  test("an applied event changes status, version and time of change", () => {
    expect(evolve(submitted, event({}))).toEqual({
      ...submitted,
      status: "SENT",
      version: 4,
      sentAt: at(5),
      updatedAt: at(6),
    });
  });

  test("an event's amount brings its currency, and one without keeps the known currency", () => {
    const charged = evolve(submitted, event({ messageCost: "0.05", costCurrency: "EUR" }));
    expect(charged).toMatchObject({ cost: "0.05", costCurrency: "EUR" });
    expect(evolve(charged, event({}))).toMatchObject({ cost: "0.05", costCurrency: "EUR" });
    expect(evolve(charged, event({ messageCost: "0.1" }))).toMatchObject({
      cost: "0.1",
      costCurrency: "EUR",
    });
  });

  test("an event does not erase values that it does not repeat", () => {
    const known = {
      ...submitted,
      ...failure,
      providerStatus: "W",
      providerBatchId: "b",
      mccmnc: "23101",
      cost: "0.05",
    };
    expect(evolve(known, event({ status: "UNDELIVERED" }))).toMatchObject({
      ...failure,
      providerStatus: "W",
      providerMessageId: "m-1",
      providerBatchId: "b",
      mccmnc: "23101",
      cost: "0.05",
    });
  });

  test("a later failure replaces an earlier one as a whole", () => {
    const later = { failureCode: "expired", failureText: "Too late.", failurePermanent: null };
    expect(evolve({ ...submitted, ...failure }, event({ status: "EXPIRED", ...later }))).toMatchObject(later);
  });

  test.each(["DELIVERED", "READ"] as const)("%s clears an earlier failure", (status) => {
    expect(evolve({ ...submitted, ...failure }, event({ status }))).toMatchObject({
      failureCode: null,
      failureText: null,
      failurePermanent: null,
    });
  });

  test("a parked receipt older than the last change does not turn `updatedAt` back", () => {
    const parked = event({ receivedAt: at(0), occurredAt: at(0) });
    expect(evolve(submitted, parked)).toMatchObject({ status: "SENT", updatedAt: at(1), sentAt: at(0) });
  });

  test.each(messageStatuses)("%s sets `submittedAt` only for accepted messages, and only once", (status) => {
    const fresh = { ...submitted, submittedAt: null };
    const shows = ["SUBMITTED", "SENT", "DELIVERED", "READ", "UNDELIVERED"].includes(status);
    expect(evolve(fresh, event({ status })).submittedAt).toEqual(shows ? at(6) : null);
    expect(evolve(submitted, event({ status })).submittedAt).toEqual(at(1));
  });
});

describe("an ignored event", () => {
  const ignored = event({
    applied: false,
    status: "UNDELIVERED",
    version: 3,
    providerStatus: "UNDELIV",
    ...failure,
  });

  test("an ignored event does not change the status that is shown", () => {
    expect(evolve(submitted, ignored)).toEqual(submitted);
  });

  test("an ignored event still adds missing values", () => {
    const facts = { providerMessageId: "m-2", providerBatchId: "b-2", mccmnc: "23101", messageCost: "0.1" };
    expect(evolve(submitted, { ...ignored, ...facts })).toEqual({
      ...submitted,
      providerBatchId: "b-2",
      mccmnc: "23101",
      cost: "0.1",
    });
  });
});
