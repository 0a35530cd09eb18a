import { expect } from "vitest";
import type { Subject } from "./contract-client.ts";
import type { Seen } from "./local-server.ts";

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
