import type { ProviderProblem, ProviderReply } from "../provider.ts";
import { describe, problemKind, unansweredProblem } from "../wire/answers.ts";
import { type Answer, misroutedText, type Reply } from "./transport.ts";

/** The answer to a query, or why there is none. The body's verdict counts, whatever the HTTP status. */
export function readReply(reply: Reply): ProviderReply<Answer> {
  if (reply.kind === "answer") {
    return reply.verdict === "success" ? { ok: true, value: reply } : { ok: false, problem: refusal(reply) };
  }
  const problem: ProviderProblem =
    reply.kind === "misrouted" ? { kind: "refused", detail: misroutedText } : unansweredProblem(reply);
  return { ok: false, problem };
}

/** A truncated 404 proves nothing. */
export const isNotFound = (reply: Reply): boolean =>
  reply.kind === "answer" && reply.status === 404 && reply.json !== undefined;

function refusal(answer: Answer): ProviderProblem {
  const { status, verdict, retryAfterSeconds } = answer;
  if (status < 200 || status >= 300) {
    return { kind: problemKind(status), detail: describe(answer), retryAfterSeconds };
  }
  // A wrong token gives an error with HTTP 200. A query can have no other error (public clients).
  return verdict === "error"
    ? { kind: "unauthenticated", detail: describe(answer) }
    : { kind: "unreadable", detail: "The answer is not what Tonkra documents." };
}
