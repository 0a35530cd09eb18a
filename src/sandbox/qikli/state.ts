import type { QikliBehaviour } from "./behaviour.ts";
import type { QikliError, QikliStatus } from "../../wire/qikli/statuses.ts";

/** An accepted message to one destination. */
export interface Message {
  id: string;
  bulkId: string;
  to: string;
  from: string | undefined;
  text: string;
  parts: number;
  notifyUrl: string | undefined;
  notifyContentType: string;
  callbackData: string | undefined;
  intermediateReport: boolean;
  /** Milliseconds since the epoch; not before the request's `sendAt`. */
  sentAt: number;
  behaviour: QikliBehaviour;
}

export interface Report {
  message: Message;
  status: QikliStatus;
  error: QikliError;
  doneAt: number;
}

export interface QikliState {
  /** Whether an accepted message used this id. Ids of refused messages stay free. */
  isTaken(messageId: string): boolean;
  accept(message: Message): void;
  note(report: Report): void;
  /** Adds a report to the queue, which can be read once. */
  enqueue(report: Report): void;
  /** Takes the oldest reports that fit out of the queue. */
  dequeue(fits: (report: Report) => boolean, limit: number): Report[];
  /** What each message has come to, newest message first: its last report, before the first one its acceptance. */
  log(): Iterable<Report>;
}

const isFinal = ({ status }: Report): boolean => status.groupName !== "PENDING";

/** The sandbox's memory. Beyond `maxMessages`, the oldest messages and reports are dropped. */
export function createState(accepted: Pick<Report, "status" | "error">, maxMessages: number): QikliState {
  const messages = new Map<string, Report>();
  const queue = new Set<Report>();

  // Each map keeps one iterator: a new one would have to skip all deleted entries.
  const oldestMessages = messages.keys();
  const oldestReports = queue.keys();

  return {
    isTaken: (messageId) => messages.has(messageId),
    accept(message) {
      messages.set(message.id, { message, ...accepted, doneAt: message.sentAt });
      const oldest = messages.size > maxMessages ? oldestMessages.next().value : undefined;
      if (oldest !== undefined) messages.delete(oldest);
    },
    note(report) {
      const known = messages.get(report.message.id);
      // A report that comes late, on a message that has already arrived, does not call it back.
      const isOver = known !== undefined && isFinal(known) && !isFinal(report);
      if (known && !isOver) messages.set(report.message.id, report);
    },
    enqueue(report) {
      queue.add(report);
      const oldest = queue.size > maxMessages ? oldestReports.next().value : undefined;
      if (oldest) queue.delete(oldest);
    },
    dequeue(fits, limit) {
      const taken: Report[] = [];
      for (const report of queue) {
        if (taken.length === limit) break;
        if (!fits(report)) continue;
        // A report that gets lost must not take others with it.
        if (report.message.behaviour.lostOnPull && taken.length > 0) break;
        queue.delete(report);
        taken.push(report);
        if (report.message.behaviour.lostOnPull) break;
      }
      return taken;
    },
    log: () => [...messages.values()].toReversed(),
  };
}
