import type { Submission, SubmitOutcome } from "../provider.ts";
import { type BulkReply, groupAlike, partsOf, submitInBulk } from "../wire/bulk.ts";
import { rejected, unmentioned } from "../wire/outcomes.ts";
import { digitsOf } from "../wire/text.ts";
import { speaksOfGateway } from "./refusal.ts";
import { explained, outcomeOf, outcomeOfLeftOut, send, submit } from "./submit.ts";
import type { Answer, Reply, Transport } from "./transport.ts";
import { readVerdicts, type Verdict } from "./verdicts.ts";
import { readEnvelope } from "./wire.ts";

/** The documentation gives no limit; newer versions of the platform refuse more (public clients). */
export const bulkSize = 100;

/**
 * Submits messages of one sender ID and text to a list of numbers. The answer lists those that were accepted.
 */
export function submitMany(
  transport: Transport,
  submissions: readonly Submission[],
): Promise<SubmitOutcome[]> {
  return submitInBulk(submissions, {
    divide: divideIntoLists,
    submitOne: (submission) => submit(transport, submission),
    submitTogether: (group) => submitTogether(transport, group),
  });
}

export const divideIntoLists = (submissions: readonly Submission[]): Submission[][] =>
  groupAlike(submissions, ({ from, text, dltTemplateId }) => [from, text, dltTemplateId]).flatMap((group) =>
    partsOf(group, bulkSize),
  );

async function submitTogether(transport: Transport, group: readonly Submission[]): Promise<BulkReply> {
  const [first] = group;
  if (!first) return { kind: "each", outcomes: [] };
  const recipients = group.map(({ to }) => digitsOf(to));
  const reply = await send(transport, recipients, first);
  if (reply.kind === "answer" && reply.verdict === "success") {
    return { kind: "each", outcomes: outcomesOfSuccess(reply, recipients) };
  }
  return replyOfError(await explained(transport, reply, outcomeOf(reply, "")), reply, recipients);
}

/** Refusals that concern what all the messages share. */
const common: ReadonlySet<string> = new Set(["invalid_sender", "text_refused"]);

/**
 * An error about one number does not say what happened to the others, so reconciliation looks for them in the
 * list. The same numbers are never sent again because of an error.
 */
function replyOfError(outcome: SubmitOutcome, reply: Reply, recipients: readonly string[]): BulkReply {
  if (outcome.kind !== "rejected") return { kind: "all", outcome };
  const { code, text } = outcome.failure;
  if (code === "provider_unauthenticated") return { kind: "all", outcome };
  const isOfAll = outcome.status === "FAILED" || common.has(code) || reply.kind !== "answer";
  const each: SubmitOutcome = isOfAll ? outcome : { kind: "ambiguous", reason: text };
  return { kind: "each", outcomes: recipients.map(() => each) };
}

function outcomesOfSuccess(answer: Answer, recipients: readonly string[]): SubmitOutcome[] {
  const verdicts = readVerdicts(answer.json, recipients);
  const uids = Map.groupBy(verdicts.values(), (verdict) => uidOf(verdict));
  const leftOut = recipients.filter((recipient) => verdicts.get(recipient)?.kind === "refused");
  const named = new Set(readEnvelope(answer.json)?.message?.match(/\d+/g));
  return recipients.map((recipient) => {
    const uid = uidOf(verdicts.get(recipient));
    if (uid !== undefined) {
      const isItsOwn = uids.get(uid)?.length === 1;
      return isItsOwn ? { kind: "accepted", providerMessageId: uid } : unmentioned;
    }
    const isRefused = leftOut.includes(recipient) && named.has(recipient);
    return isRefused ? refusalOf(answer, leftOut) : unmentioned;
  });
}

const uidOf = (verdict: Verdict | undefined): string | undefined =>
  verdict?.kind === "taken" ? verdict.uid : undefined;

/**
 * The refusals of all numbers are joined into one text, so it can be assigned only if a single number was
 * refused.
 */
function refusalOf(answer: Answer, leftOut: readonly string[]): SubmitOutcome {
  if (leftOut.length === 1) return outcomeOfLeftOut(answer);
  if (speaksOfGateway(answer.errorText)) return { kind: "ambiguous", reason: answer.errorText };
  return rejected("rejected_by_provider", answer.errorText, false);
}
