import type { Viewer } from "../../access/api-keys.ts";
import type { OutboundStatus } from "../../messages/model/status.ts";
import { answer, refusal } from "../../wire/qikli/answers.ts";
import { read, reportQuery } from "../../wire/qikli/requests.ts";
import { type Format, printLogs, printReports, reportRow } from "../../wire/qikli/rows.ts";
import type { ServedCall } from "../frame/call.ts";
import type { ServedAnswer } from "../frame/vendor.ts";
import { findMessages, listByIdsOf } from "../known/messages.ts";
import { lendReports } from "../reports/unread.ts";
import { reportFacts } from "./facts.ts";

const maxIds = 1_000;

/** `GET /sms/1/reports`: each report is returned once; it counts as read when the answer has gone out. */
export async function pullReports(call: ServedCall, viewer: Viewer, wanted: Format): Promise<ServedAnswer> {
  const query = read(reportQuery, Object.fromEntries(call.query));
  if (!query.ok) return refusal(wanted, "badRequest", query.errors);
  const { database } = call.services;
  const { reports, settle } = await lendReports(database, {
    accountId: viewer.accountId,
    api: "QIKLI",
    groupIds: call.query.getAll("bulkId").slice(0, maxIds),
    vendorIds: call.query.getAll("messageId").slice(0, maxIds),
    limit: query.value.limit,
  });
  const messages = await findMessages(
    database,
    reports.map(({ messageId }) => messageId),
  );
  const rows = reports.flatMap(({ messageId, status, occurredAt }) => {
    const message = messages.get(messageId);
    return message ? [reportRow(reportFacts(message, status, occurredAt))] : [];
  });
  return { ...answer(200, wanted, printReports(wanted, rows)), settle };
}

/** `GET /sms/1/logs`: not in the vendor's documentation, but on its platform. Can be read any number of times. */
export async function showLogs(call: ServedCall, viewer: Viewer, wanted: Format): Promise<ServedAnswer> {
  const query = read(reportQuery, Object.fromEntries(call.query));
  if (!query.ok) return refusal(wanted, "badRequest", query.errors);
  const { limit, sentSince, sentUntil } = query.value;
  const found = await listByIdsOf(call.services.database, "QIKLI", viewer.accountId, {
    groupIds: call.query.getAll("bulkId").slice(0, maxIds),
    vendorIds: call.query.getAll("messageId").slice(0, maxIds),
    limit,
  });
  const rows = found
    .map((message) => {
      const { mccMnc: mccmnc, ...row } = reportRow(
        reportFacts(message, message.status as OutboundStatus, message.deliveredAt ?? message.updatedAt),
      );
      return {
        sentAt: Date.parse(row.sentAt),
        row: { ...row, mccmnc, from: message.sender, text: message.text },
      };
    })
    .filter(({ sentAt }) => sentAt >= sentSince && sentAt <= sentUntil)
    .map(({ row }) => row);
  return answer(200, wanted, printLogs(wanted, rows));
}
