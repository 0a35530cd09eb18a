import type { CallbackSender } from "../callback-sender.ts";
import type { Timers } from "../clock.ts";
import type { Report } from "./state.ts";
import { formats } from "../../wire/qikli/rows.ts";
import { reportsBody } from "./rows.ts";

/** Maximum reports in one request. */
const maxBatchSize = 100;

interface PusherOptions {
  sender: CallbackSender;
  timers: Timers;
  /** How long a report waits for others to the same URL. */
  batchMs: number;
  /** Called with a report that was never acknowledged. */
  givenUp: (report: Report) => void;
}

/** Resolves when the request with the report was answered, or failed for the first time. */
export type Push = (report: Report, url: string) => Promise<void>;

interface Batch {
  reports: Report[];
  posted: Promise<void>;
}

/** Posts reports to their notify URLs. Reports that follow each other closely share a request. */
export function createPusher({ sender, timers, batchMs, givenUp }: PusherOptions): Push {
  const open = new Map<string, Batch>();

  async function post(key: string, reports: readonly Report[], url: string, contentType: string) {
    await timers.wait(batchMs);
    if (open.get(key)?.reports === reports) open.delete(key);
    const format = formats.find((one) => one === contentType) ?? "application/json";
    await sender.send(url, reportsBody(format, reports), {
      contentType,
      isAcknowledged: (status) => status >= 200 && status < 300,
      givenUp: () => reports.forEach(givenUp),
    });
  }

  return (report, url) => {
    const contentType = report.message.notifyContentType;
    const key = `${contentType} ${url}`;
    const waiting = open.get(key);
    if (waiting && waiting.reports.length < maxBatchSize) {
      waiting.reports.push(report);
      return waiting.posted;
    }
    const reports = [report];
    const posted = post(key, reports, url, contentType);
    open.set(key, { reports, posted });
    return posted;
  };
}
