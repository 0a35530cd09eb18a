import type { OutboundStatus } from "../../messages/model/status.ts";
import { registry } from "../../providers/registry.ts";
import type { ReportFacts } from "../../wire/qikli/rows.ts";
import { errorById, statusById } from "../../wire/qikli/statuses.ts";
import { digitsOf } from "../frame/send.ts";
import { pricePerPart } from "../known/facts.ts";
import type { KnownMessage } from "../known/messages.ts";

const { served } = registry.QIKLI;

/** What a report says of a message in this status. */
export function reportFacts(message: KnownMessage, status: OutboundStatus, doneAt: Date): ReportFacts {
  const code = message.failureCode ?? undefined;
  const { callbackData } = message.details ?? {};
  const sentAt = (message.submittedAt ?? message.scheduledAt ?? message.createdAt).getTime();
  return {
    bulkId: message.groupId ?? "",
    messageId: message.vendorId ?? message.id,
    to: digitsOf(message.recipient),
    sentAt,
    // Some providers tell the end of a message in whole seconds.
    doneAt: Math.max(sentAt, doneAt.getTime()),
    parts: message.segments,
    mccMnc: message.mccmnc ?? undefined,
    callbackData: typeof callbackData === "string" ? callbackData : undefined,
    price: { pricePerMessage: Number(pricePerPart(message) ?? 0), currency: message.currency ?? "EUR" },
    status: statusById(Number(served.statusWord(status, code))),
    error: errorById(Number(served.reasonWord?.(status, code) ?? 0)),
  };
}
