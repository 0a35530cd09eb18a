import type { ProviderProblem, ProviderReply } from "../provider.ts";
import { describe, problemKind, unansweredProblem } from "../wire/answers.ts";
import { problemOfCode } from "./errors.ts";
import { type Answer, isSuccess, misroutedText } from "./post.ts";
import type { CallReply } from "./transport.ts";

/** Reads the answer to a query. `read` returns undefined for content of the wrong kind. */
export function readReply<Value>(
  reply: CallReply,
  read: (content: unknown) => Value | undefined,
): ProviderReply<Value> {
  if (reply.kind !== "answer" || !isSuccess(reply)) return { ok: false, problem: problemOf(reply) };
  const value = read(reply.content);
  if (value !== undefined) return { ok: true, value };
  return {
    ok: false,
    problem: { kind: "unreadable", detail: "The answer is not what Telekom SK documents." },
  };
}

function problemOf(reply: CallReply): ProviderProblem {
  if (reply.kind === "noSession") return problemOf(reply.cause);
  if (reply.kind === "misrouted") return { kind: "refused", detail: misroutedText };
  if (reply.kind !== "answer") return unansweredProblem(reply);
  return { kind: kindOf(reply), detail: describe(reply), retryAfterSeconds: reply.retryAfterSeconds };
}

/** A known error code decides; otherwise an HTTP status that signals an error. */
function kindOf({ status, verdict }: Answer): ProviderProblem["kind"] {
  if (verdict?.outcome === "error") return problemOfCode(verdict.code ?? "") ?? problemKind(status);
  return status >= 200 && status < 300 ? "unreadable" : problemKind(status);
}
