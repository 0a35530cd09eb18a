import { expect } from "vitest";
import type { Subject } from "./contract-client.ts";
import type { Seen } from "./local-server.ts";
import type { Answer } from "./serve-answers.ts";

type PlainAnswer = Exclude<Answer, (...args: never[]) => void>;

/** The secrets of a connection: as they are, and as they travel. */
export function sentSecrets({ provider, contract, variant }: Subject): string[] {
  const { authorization = "" } = variant.request.headers;
  const secrets = provider.secretKeys.map((key) => contract.credentials[key] ?? "");
  return [...secrets, ...authorization.split(" ").slice(1)];
}

const printed = (secret: string): string => JSON.stringify(secret).slice(1, -1);

/** Every form that gives a secret away. */
function secretForms(subject: Subject): string[] {
  return sentSecrets(subject).flatMap((secret) => [secret, encodeURIComponent(secret), printed(secret)]);
}

/** A request as a debugging server would repeat it. */
export function echo({ method, path, query, headers, body }: Seen): string {
  const { authorization } = headers;
  return `${method} ${path}?${new URLSearchParams(query)} ${authorization} ${body}`;
}

/** That nothing of a result, printed in whatever way, gives a secret away. */
export function expectNoSecret(subject: Subject, result: unknown): void {
  const shown =
    result instanceof Error ? `${result.stack} ${JSON.stringify(result)}` : JSON.stringify(result);
  for (const form of secretForms(subject)) expect(shown).not.toContain(form);
}

const foreignText = "root:x:0:0 of another server";

/** What servers say that are not the provider's: under a wrong base URL anything may answer. */
export const foreignBodies: readonly PlainAnswer[] = [
  ...["message", "error", "detail", "title", "description", "error_description", "text", "reason"].map(
    (key) => ({
      [key]: foreignText,
    }),
  ),
  { kind: "Status", status: "Failure", message: foreignText, code: 403 },
  { error: { code: 403, message: foreignText, status: foreignText } },
  { message: foreignText, exception: foreignText, trace: [{ file: foreignText }] },
  { data: { message: foreignText }, messages: [foreignText] },
  [foreignText],
]
  .map((body): PlainAnswer => ({
    body: JSON.stringify(body),
    headers: { "content-type": "application/json" },
  }))
  .concat(
    {
      body: `<error><message>${foreignText}</message></error>`,
      headers: { "content-type": "application/xml" },
    },
    { body: `<html><title>${foreignText}</title></html>`, headers: { "content-type": "text/html" } },
    { body: foreignText, headers: { "content-type": "text/plain" } },
  );

/** That nothing of a foreign answer is in a result. */
export const expectNothingForeign = (result: unknown): void =>
  expect(JSON.stringify(result)).not.toContain("another server");
