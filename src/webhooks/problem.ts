import type { Progress } from "./claimed-webhook.ts";
import type { Answer } from "./endpoints.ts";

/** What the account is told, complete enough to be mailed as it stands. */
export function describeProblem(
  { kind, problem = "" }: Answer,
  { failures, failingSince, retryAt }: Progress,
): string {
  if (kind === "gone") {
    return "Disabled: the endpoint answered 410 Gone, which asks for no more events. Enable the webhook again if that was a mistake.";
  }
  const times = failures === 1 ? "once" : `${failures} times in a row`;
  const since = failingSince ? ` since ${failingSince.toISOString()}` : "";
  const what = `The endpoint failed ${times}${since}, the last time with: ${problem}.`;
  return retryAt
    ? `${what} It is tried again at ${retryAt.toISOString()}.`
    : `Disabled. ${what} Mend it and enable the webhook: it continues with the first event that was not delivered, for as long as events are kept.`;
}
