import type { ProviderProblem, ProviderReply, Receipt, SubmittedMessage } from "../provider.ts";

const concurrentLookUps = 4;

/** Problems that may affect a single message only; if this many messages have one, it affects all. */
const particular: ReadonlySet<ProviderProblem["kind"]> = new Set(["refused", "unreadable", "not_found"]);
const maxParticular = 5;

/**
 * Looks up messages (or groups of them) one by one, four at a time, until a problem shows that more requests
 * are useless. What was found by then counts. If nothing was found, the problem is returned: a message that
 * was not asked about must not be taken for an unknown one.
 */
export async function lookUpEach<Item = SubmittedMessage>(
  messages: readonly Item[],
  lookUpOne: (message: Item) => Promise<ProviderReply<Receipt[]>>,
): Promise<ProviderReply<Receipt[]>> {
  const receipts: Receipt[] = [];
  const problems: ProviderProblem[] = [];
  const isOver = (): boolean =>
    problems.length >= maxParticular || problems.some(({ kind }) => !particular.has(kind));
  const waiting = messages.values();
  const work = async (): Promise<void> => {
    // The workers share one iterator, so each message is taken once.
    for (const message of waiting) {
      if (isOver()) return;
      const reply = await lookUpOne(message);
      if (reply.ok) receipts.push(...reply.value);
      else problems.push(reply.problem);
    }
  };
  await Promise.all(Array.from({ length: concurrentLookUps }, work));
  const [problem] = problems;
  return problem && receipts.length === 0 ? { ok: false, problem } : { ok: true, value: receipts };
}
