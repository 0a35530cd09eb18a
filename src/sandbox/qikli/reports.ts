import { answer, refusal } from "../../wire/qikli/answers.ts";
import { read, reportQuery } from "../../wire/qikli/requests.ts";
import type { Format } from "../../wire/qikli/rows.ts";
import { faults } from "../faults.ts";
import type { SandboxReply } from "../http-server.ts";
import type { QikliContext } from "./context.ts";
import type { Report } from "./state.ts";
import { logsBody, reportsBody } from "./rows.ts";

type Filter = (report: Report) => boolean;

/** Looks at the value only where the filter is given; the logs take several ids. */
const matches = (wanted: readonly string[], value: string): boolean =>
  wanted.length === 0 || wanted.includes(value);

/** `GET /sms/1/reports`: returns each report only once. */
export function pullReports({ state }: QikliContext, query: URLSearchParams, wanted: Format): SandboxReply {
  return select(query, wanted, (fits, limit) => {
    const reports = state.dequeue(fits, limit);
    const isLost = reports.some(({ message }) => message.behaviour.lostOnPull);
    return isLost ? faults.reset : answer(200, wanted, reportsBody(wanted, reports));
  });
}

/** `GET /sms/1/logs`: can be read any number of times. */
export function showLogs({ state }: QikliContext, query: URLSearchParams, wanted: Format): SandboxReply {
  return select(query, wanted, (fits, limit) =>
    answer(200, wanted, logsBody(wanted, Iterator.from(state.log()).filter(fits).take(limit).toArray())),
  );
}

function select(
  query: URLSearchParams,
  wanted: Format,
  show: (fits: Filter, limit: number) => SandboxReply,
): SandboxReply {
  const request = read(reportQuery, Object.fromEntries(query));
  if (!request.ok) return refusal(wanted, "badRequest", request.errors);
  const { limit, sentSince, sentUntil } = request.value;
  const [bulkIds, messageIds] = [query.getAll("bulkId"), query.getAll("messageId")];
  return show(
    ({ message: { bulkId, id, sentAt } }) =>
      matches(bulkIds, bulkId) && matches(messageIds, id) && sentAt >= sentSince && sentAt <= sentUntil,
    limit,
  );
}
