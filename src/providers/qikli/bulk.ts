import type { Submission, SubmitOutcome } from "../provider.ts";
import { partsOf, submitInBulk } from "../wire/bulk.ts";
import type { QikliSettings } from "./config.ts";
import { writeRequest } from "./request.ts";
import { judge, submit } from "./submit.ts";
import { sendPath, type Transport } from "./transport.ts";

/** No limit is documented. With the longest texts, this many messages make a request of two megabytes. */
export const bulkSize = 500;

/**
 * Submits messages in one request; the answer has a verdict on each. One malformed message makes Qikli refuse
 * the whole request.
 */
export function submitMany(
  transport: Transport,
  submissions: readonly Submission[],
  settings: QikliSettings,
): Promise<SubmitOutcome[]> {
  return submitInBulk(submissions, {
    divide: divideIntoRequests,
    submitOne: (submission) => submit(transport, submission, settings),
    submitTogether: async (part) =>
      judge(await transport.post(sendPath, writeRequest(part, settings.format)), part, transport),
  });
}

export const divideIntoRequests = (submissions: readonly Submission[]): Submission[][] =>
  partsOf(submissions, bulkSize);
