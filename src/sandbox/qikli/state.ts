import type { QikliBehaviour } from "./behaviour.ts";
import type { QikliError, QikliStatus } from "./statuses.ts";

/** One message to one destination, accepted. */
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
  /** Milliseconds since the epoch; not before the `sendAt` of the request. */
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
  /** Whether the message id was taken before; ids of refused messages were not. */
  isTaken(messageId: string): boolean;
  accept(message: Message): void;
  note(report: Report): void;
  /** Puts a report into the queue that is read once. */
  enqueue(report: Report): void;
  /** Takes the oldest reports that fit out of the queue. */
  dequeue(fits: (report: Report) => boolean, limit: number): Report[];
  /** The last report of every message, newest message first; of one without any, its acceptance. */
  log(): Iterable<Report>;
}

/** Everything the sandbox remembers. Past `maxMessages` the oldest messages and reports are forgotten. */
export function createState(accepted: Pick<Report, "status" | "error">, maxMessages: number): QikliState {
  const messages = new Map<string, Report>();
  const queue = new Set<Report>();

  // One iterator each, for good: a new one would have to pass over everything already deleted.
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
      if (messages.has(report.message.id)) messages.set(report.message.id, report);
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
        // A report that is lost on the way takes no other with it.
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
