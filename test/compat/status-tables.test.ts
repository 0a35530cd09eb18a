import { expect, test } from "vitest";
import { messageStatuses, type OutboundStatus } from "../../src/messages/model/status.ts";
import { failureCodes } from "../../src/providers/failure-codes.ts";
import { registry, type ProviderKind } from "../../src/providers/registry.ts";
import { readStatus as readQikli } from "../../src/providers/qikli/status.ts";
import { withError } from "../../src/providers/qikli/errors.ts";
import { readStatus as readTelekom } from "../../src/providers/telekom/status.ts";
import { readStatus as readTikosms } from "../../src/providers/tikosms/status.ts";
import { readStatus as readTonkra } from "../../src/providers/tonkra/status.ts";
import { errorById, statusById, statuses } from "../../src/wire/qikli/statuses.ts";

/** Before the end, a vendor may have fewer words than we have statuses. */
const waiting: readonly OutboundStatus[] = [
  "SCHEDULED",
  "QUEUED",
  "SUBMITTING",
  "OUTCOME_UNKNOWN",
  "SUBMITTED",
];

/** What a vendor has no word for, and what our adapter reads in its place. */
const coarser: Record<ProviderKind, Partial<Record<OutboundStatus, string>>> = {
  TIKOSMS: {
    ...Object.fromEntries(waiting.map((status) => [status, "SENT"])),
    READ: "DELIVERED",
    FAILED: "UNDELIVERED",
    CANCELLED: "UNDELIVERED",
  },
  TONKRA: {
    ...Object.fromEntries(waiting.map((status) => [status, "SUBMITTED"])),
    READ: "DELIVERED",
    CANCELLED: "FAILED",
  },
  TELEKOM: {
    ...Object.fromEntries(waiting.map((status) => [status, "SUBMITTED"])),
    FAILED: "UNDELIVERED",
  },
  QIKLI: {
    ...Object.fromEntries(waiting.map((status) => [status, "SUBMITTED"])),
    READ: "DELIVERED",
    UNKNOWN: "SUBMITTED",
  },
};

const served = (kind: ProviderKind) => registry[kind].served;

const readQikliIn = (status: OutboundStatus, code?: string) => {
  const words = served("QIKLI");
  const error = errorById(Number(words.reasonWord?.(status, code) ?? 0));
  return withError(
    readQikli({ ...statusById(Number(words.statusWord(status, code))), action: undefined }),
    error,
  );
};

const readers: Record<ProviderKind, (status: OutboundStatus) => string> = {
  TIKOSMS: (status) => readTikosms(served("TIKOSMS").statusWord(status)),
  TONKRA: (status) => readTonkra(served("TONKRA").statusWord(status)),
  TELEKOM: (status) => readTelekom(served("TELEKOM").statusWord(status)),
  QIKLI: (status) => readQikliIn(status).status,
};

const kinds = Object.keys(registry) as ProviderKind[];

test.each(kinds.flatMap((kind) => messageStatuses.map((status) => [kind, status] as const)))(
  "what the %s adapter reads is what the endpoint writes of %s",
  (kind, status) => {
    expect(readers[kind](status)).toBe(coarser[kind][status] ?? status);
  },
);

/** For these the platform has neither a status nor an error of its own. */
test.each(Object.keys(failureCodes))(
  "a message that is rejected for %s is read as rejected from Qikli's words",
  (code) => {
    expect(readQikliIn("REJECTED", code).status).toMatch(/^(REJECTED|CANCELLED|EXPIRED)$/);
  },
);

test("the reasons that Qikli has words for are read as they were", () => {
  for (const code of ["absent_subscriber", "call_barred", "unknown_subscriber", "memory_full"])
    expect(readQikliIn("UNDELIVERED", code).failure?.code).toBe(code);
  for (const code of ["no_rate", "invalid_sender", "recipient_blocked", "no_credit", "invalid_number"])
    expect(readQikliIn("REJECTED", code).failure?.code).toBe(code);
});

test("every id that the endpoint writes is in the table of what is served, and read by the adapter", () => {
  const read = Object.values(statuses)
    .filter(({ id }) => id !== 900)
    .map((status) => readQikli({ ...status, action: undefined }).status);
  expect(read).not.toContain("UNKNOWN");
});
