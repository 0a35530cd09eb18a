import { describe, expect, test } from "vitest";
import { withError } from "../../src/providers/qikli/errors.ts";
import { readStatus } from "../../src/providers/qikli/status.ts";
import { readDocument, readRow, type Row } from "../../src/providers/qikli/wire.ts";

function read(status: unknown, error?: unknown) {
  const row: Partial<Row> = readRow(readDocument(JSON.stringify({ status, error }))) ?? {};
  if (!row.status) throw new Error("no status");
  return withError(readStatus(row.status), row.error);
}

const table: [number, number, string, string, string?, boolean?][] = [
  [0, 0, "MESSAGE_ACCEPTED", "SUBMITTED"],
  [1, 1, "PENDING_TIME_VIOLATION", "SUBMITTED"],
  [2, 3, "DELIVERED_TO_OPERATOR", "SENT"],
  [3, 1, "PENDING_WAITING_DELIVERY", "SENT"],
  [4, 2, "UNDELIVERABLE_REJECTED_OPERATOR", "REJECTED", "rejected_by_carrier", true],
  [5, 3, "DELIVERED_TO_HANDSET", "DELIVERED"],
  [6, 5, "REJECTED_NETWORK", "REJECTED", "network_not_allowed", true],
  [7, 1, "PENDING_ENROUTE", "SENT"],
  [8, 5, "REJECTED_PREFIX_MISSING", "REJECTED", "invalid_number", true],
  [9, 2, "UNDELIVERABLE_NOT_DELIVERED", "UNDELIVERED", "undelivered", false],
  [10, 5, "REJECTED_DND", "REJECTED", "recipient_blocked", true],
  [11, 5, "REJECTED_SOURCE", "REJECTED", "invalid_sender", true],
  [12, 5, "REJECTED_NOT_ENOUGH_CREDITS", "REJECTED", "no_credit", false],
  [13, 5, "REJECTED_SENDER", "REJECTED", "invalid_sender", true],
  [14, 5, "REJECTED_DESTINATION", "REJECTED", "recipient_blocked", true],
  [14, 5, "REJECTED_DESTINATION_BLOCKLISTED", "REJECTED", "recipient_blocked", true],
  [15, 4, "EXPIRED_EXPIRED", "EXPIRED", "expired", false],
  [16, 5, "REJECTED_NOT_REACHABLE", "REJECTED", "not_reachable", false],
  [17, 5, "REJECTED_PREPAID_PACKAGE_EXPIRED", "REJECTED", "no_credit", false],
  [18, 5, "REJECTED_DESTINATION_NOT_REGISTERED", "REJECTED", "recipient_not_registered", true],
  [19, 5, "REJECTED_ROUTE_NOT_AVAILABLE", "REJECTED", "no_rate", true],
  [20, 5, "REJECTED_FLOODING_FILTER", "REJECTED", "flooding", false],
  [21, 5, "REJECTED_SYSTEM_ERROR", "FAILED", "provider_error", false],
  [22, 4, "EXPIRED_UNKNOWN", "EXPIRED", "expired", false],
  [23, 5, "REJECTED_DUPLICATE_MESSAGE_ID", "REJECTED", "duplicate_message_id", true],
  [24, 5, "REJECTED_INVALID_UDH", "REJECTED", "invalid_request", true],
  [25, 5, "REJECTED_MESSAGE_TOO_LONG", "REJECTED", "text_too_long", true],
  [26, 1, "MESSAGE_ACCEPTED", "SUBMITTED"],
  [26, 1, "PENDING_ACCEPTED", "SUBMITTED"],
  [29, 4, "EXPIRED_DLR_UNKNOWN", "EXPIRED", "expired", false],
  [31, 2, "UNDELIVERABLE_NOT_SENT", "FAILED", "not_sent", false],
  [51, 5, "MISSING_TO", "REJECTED", "invalid_number", true],
  [52, 5, "REJECTED_DESTINATION", "REJECTED", "invalid_number", true],
  [87, 5, "SIGNALS_BLOCKED", "REJECTED", "rejected_by_provider", true],
  [87, 4, "SIGNALS_BLOCKED", "REJECTED", "rejected_by_provider", true],
  [100, 5, "UNDELIVERABLE_REJECTED_PLATFORM", "REJECTED", "rejected_by_provider", true],
];

describe("statuses", () => {
  test.each(table)(
    "Qikli's status %i of group %i, %s, means %s",
    (id, groupId, name, status, code, permanent) => {
      const reading = read({ groupId, id, name });
      expect(reading.status).toBe(status);
      expect(reading.failure?.code).toBe(code);
      expect(reading.failure?.permanent).toBe(permanent);
      expect(reading.failure?.text ?? "no failure").toMatch(/\w/);
      expect(read({ groupId: `${groupId}`, id: ` ${id}`, name: name.toLowerCase() })).toMatchObject({
        status,
      });
    },
  );

  test.each([
    [0, "ACCEPTED", "SUBMITTED"],
    [0, "OK", "SUBMITTED"],
    [1, "PENDING", "SUBMITTED"],
    [2, "UNDELIVERABLE", "UNDELIVERED"],
    [3, "DELIVERED", "DELIVERED"],
    [4, "EXPIRED", "EXPIRED"],
    [5, "REJECTED", "REJECTED"],
  ])("another of Qikli's statuses of group %i, %s, means %s", (groupId, groupName, status) => {
    expect(read({ groupId, groupName, id: 900, name: "ODD" })).toMatchObject({ status });
    expect(read({ groupId })).toMatchObject({ status });
    expect(read({ groupName: groupName.toLowerCase() })).toMatchObject({ status });
    expect(read({ groupId: 7, groupName })).toMatchObject({ status });
  });

  test.each<[string, object, string]>([
    [
      "an id whose name is another's goes by its group",
      { groupId: 5, id: 5, name: "REJECTED_ODDLY" },
      "REJECTED",
    ],
    ["an id without a name in another group goes by the group", { groupId: 1, id: 5 }, "SUBMITTED"],
    ["an id alone is known", { id: 5 }, "DELIVERED"],
    ["id 2 is not final whatever its name", { groupId: 3, id: 2, name: "DELIVERED_SOMEWHERE" }, "SENT"],
    ["the group's id beats its name", { groupId: 5, groupName: "DELIVERED" }, "REJECTED"],
    ["a name alone says nothing", { name: "DELIVERED_TO_HANDSET" }, "UNKNOWN"],
    ["nothing known", { groupId: 9, groupName: "HELD", id: 900, name: "HELD" }, "UNKNOWN"],
    ["words that objects have anyway", { groupName: "constructor", name: "__proto__" }, "UNKNOWN"],
    ["nothing at all", {}, "UNKNOWN"],
  ])("a status of Qikli is read: %s", (_name, status, meaning) =>
    expect(read(status)).toMatchObject({ status: meaning }),
  );

  test("the description is what people read", () => {
    const status = {
      groupId: 5,
      id: 12,
      name: "REJECTED_NOT_ENOUGH_CREDITS",
      description: "Not enough credits",
    };
    expect(read(status).failure?.text).toBe("Not enough credits");
  });
});

const failed = { groupId: 2, id: 9, name: "UNDELIVERABLE_NOT_DELIVERED", description: "Not delivered" };

describe("errors", () => {
  test.each([
    [1, "unknown_subscriber", true],
    [9, "illegal_subscriber", true],
    [13, "call_barred", false],
    [27, "absent_subscriber", false],
    [31, "subscriber_busy", false],
    [32, "delivery_failure", false],
    [33, "waiting_list_full", false],
    [34, "system_failure", false],
    [255, "unknown_error", true],
    [256, "memory_full", false],
    [500, "provider_error", false],
    [2048, "timeout", false],
    [2049, "recipient_blocked", true],
    [2050, "recipient_blocked", true],
    [4096, "invalid_request", true],
    [4097, "not_sent", true],
    [4102, "not_sent", false],
    [7777, "undelivered", false],
  ])("Qikli's error %i is %s", (id, code, permanent) => {
    expect(read(failed, { groupId: 1, id, name: "EC_ODD" })).toMatchObject({
      status: "UNDELIVERED",
      failure: { code, permanent, text: expect.stringContaining(`EC_ODD, error ${id}`) },
    });
    const said = read(failed, { groupId: 1, id, permanent: `${!permanent}` });
    expect(said).toMatchObject({ failure: { permanent: !permanent } });
  });

  test.each([
    [4100, "CANCELLED", "cancelled"],
    [4101, "EXPIRED", "expired"],
  ])("Qikli's error %i is the status %s", (id, status, code) => {
    const reading = { status, failure: { code, permanent: true } };
    expect(read(failed, { groupId: 3, id, name: "EC_ODD", permanent: true })).toMatchObject(reading);
  });

  test.each<[string, unknown]>([
    ["missing", undefined],
    ["none", { groupId: 0, groupName: "Ok", id: 0, name: "NO_ERROR", permanent: false }],
    ["none without an id", { groupName: "OK", name: "no_error" }],
    ["empty", {}],
    ["a text", "NO_ERROR"],
  ])("an error of Qikli that is %s changes nothing", (_name, error) => {
    expect(read(failed, error)).toEqual(read(failed));
  });

  test("a success stays one, and a reason of its own stays the reason", () => {
    const error = { groupId: 1, id: 27, name: "EC_ABSENT_SUBSCRIBER" };
    expect(read({ groupId: 3, id: 5, name: "DELIVERED_TO_HANDSET" }, error)).toEqual({ status: "DELIVERED" });
    const refused = read({ groupId: 5, id: 12, name: "REJECTED_NOT_ENOUGH_CREDITS" }, error);
    expect(refused.failure).toMatchObject({ code: "no_credit", permanent: false });
  });
});
