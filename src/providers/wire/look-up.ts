import type { ProviderProblem, ProviderReply, Receipt, SubmittedMessage } from "../provider.ts";

const concurrentLookUps = 4;

/**
 * Asks about one message after the other, four at a time. The first problem ends the look-up: a message that was
 * not asked about must not pass for one that is not known.
 */
export async function lookUpEach(
  messages: readonly SubmittedMessage[],
  lookUpOne: (message: SubmittedMessage) => Promise<ProviderReply<Receipt[]>>,
): Promise<ProviderReply<Receipt[]>> {
  const receipts: Receipt[] = [];
  const problems: ProviderProblem[] = [];
  const waiting = messages.values();
  const work = async (): Promise<void> => {
    // The workers share one iterator, so each message is taken once.
    for (const message of waiting) {
      if (problems.length > 0) return;
      const reply = await lookUpOne(message);
      if (reply.ok) receipts.push(...reply.value);
      else problems.push(reply.problem);
    }
  };
  await Promise.all(Array.from({ length: concurrentLookUps }, work));
  return problems[0] ? { ok: false, problem: problems[0] } : { ok: true, value: receipts };
}
