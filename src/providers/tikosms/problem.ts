import type { ProviderProblem, ProviderReply } from "../provider.ts";
import { describe, problemKind, unansweredProblem } from "../wire/answers.ts";
import { misroutedText, type Reply } from "./transport.ts";

/**
 * Reads the answer to a query. `read` returns undefined for JSON of the wrong kind. Success is a 2xx status
 * and a `success` that is not false; the balance has no `success` (TikoSMS OpenAPI).
 */
export function readReply<Value>(
  reply: Reply,
  read: (json: unknown) => Value | undefined,
): ProviderReply<Value> {
  const problem = problemOf(reply);
  if (problem) return { ok: false, problem };
  const value = reply.kind === "answer" ? read(reply.json) : undefined;
  if (value !== undefined) return { ok: true, value };
  return { ok: false, problem: { kind: "unreadable", detail: "The answer is not what TikoSMS documents." } };
}

/** Like `readReply`, for queries where the application's own 404 means that there is nothing. */
export function readReplyOr<Value>(
  reply: Reply,
  nothing: Value,
  read: (json: unknown) => Value | undefined,
): ProviderReply<Value> {
  const isNothing = reply.kind === "answer" && reply.status === 404 && reply.envelope !== undefined;
  return isNothing ? { ok: true, value: nothing } : readReply(reply, read);
}

function problemOf(reply: Reply): ProviderProblem | undefined {
  if (reply.kind === "misrouted") return { kind: "refused", detail: misroutedText };
  if (reply.kind !== "answer") return unansweredProblem(reply);
  const { status, envelope, retryAfterSeconds } = reply;
  if (status >= 200 && status < 300 && envelope?.success !== false) return undefined;
  return { kind: problemKind(status), detail: describe(reply), retryAfterSeconds };
}
