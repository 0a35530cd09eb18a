import { faults } from "../faults.ts";
import type { SandboxReply } from "../http-server.ts";
import type { QikliContext } from "./context.ts";
import { answer, refusal } from "./replies.ts";
import type { Report } from "./state.ts";
import { read, reportQuery } from "./validation.ts";
import { type Format, printLogs, printReports } from "./wire.ts";

type Filter = (report: Report) => boolean;

/** `GET /sms/1/reports`: returns each report only once. */
export function pullReports({ state }: QikliContext, query: URLSearchParams, wanted: Format): SandboxReply {
  return select(query, wanted, (fits, limit) => {
    const reports = state.dequeue(fits, limit);
    const isLost = reports.some(({ message }) => message.behaviour.lostOnPull);
    return isLost ? faults.reset : answer(200, wanted, printReports(wanted, reports));
  });
}

/** `GET /sms/1/logs`: can be read any number of times. */
export function showLogs({ state }: QikliContext, query: URLSearchParams, wanted: Format): SandboxReply {
  return select(query, wanted, (fits, limit) =>
    answer(200, wanted, printLogs(wanted, Iterator.from(state.log()).filter(fits).take(limit).toArray())),
  );
}

function select(
  query: URLSearchParams,
  wanted: Format,
  show: (fits: Filter, limit: number) => SandboxReply,
): SandboxReply {
  const request = read(reportQuery, Object.fromEntries(query));
  if (!request.ok) return refusal(wanted, "badRequest", request.errors);
  const { bulkId, messageId, limit } = request.value;
  return show(
    ({ message }) =>
      message.bulkId === (bulkId ?? message.bulkId) && message.id === (messageId ?? message.id),
    limit,
  );
}
