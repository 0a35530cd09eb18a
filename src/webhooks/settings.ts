import { InvalidInputError } from "../lib/errors.ts";
import { isPrivateHost } from "../lib/public-addresses.ts";
import { requireStorable } from "../lib/storable.ts";

export const maxWebhookName = 100;
export const maxWebhookUrl = 2_000;
export const maxBatchSize = 100;

/** Where endpoints may be. */
export interface EndpointRules {
  /** Allows `http:`, which sends texts and numbers unencrypted. Without it, only to this machine. */
  allowInsecureWebhooks: boolean;
  /**
   * Allows private addresses. If false, users who make webhooks cannot reach services that only this machine
   * can reach.
   */
  allowPrivateWebhooks: boolean;
}

/** @throws InvalidInputError */
export function checkName(name: string): void {
  if (requireStorable(name, "name").trim() === "" || name.length > maxWebhookName)
    throw new InvalidInputError("name", `\`name\` must have 1 to ${maxWebhookName} characters.`);
}

/** @throws InvalidInputError */
export function checkBatchSize(size: number): void {
  if (size >= 1 && size <= maxBatchSize) return;
  throw new InvalidInputError("batchSize", `\`batchSize\` must be 1 to ${maxBatchSize}, not ${size}.`);
}

/** The address in its usual form. @throws InvalidInputError */
export async function checkUrl(text: string, rules: EndpointRules): Promise<string> {
  const url = URL.parse(requireStorable(text, "url"));
  if (!url || text.length > maxWebhookUrl || !["http:", "https:"].includes(url.protocol))
    throw wrong(`must be an https address of at most ${maxWebhookUrl} characters.`);
  if (url.username !== "" || url.password !== "" || url.hash !== "")
    throw wrong("must have no user name, password or fragment. Requests are signed instead.");
  const isLocal = ["localhost", "127.0.0.1", "[::1]"].includes(url.hostname);
  const { allowInsecureWebhooks, allowPrivateWebhooks } = rules;
  if (url.protocol === "http:" && !allowInsecureWebhooks && !(isLocal && allowPrivateWebhooks))
    throw wrong("must start with https://, since texts and numbers travel over it.");
  if (!allowPrivateWebhooks && (await isPrivateHost(url.hostname)))
    throw wrong(
      "leads into a private network. Give a public address; the operator of this server can allow private ones with " +
        "ALLOW_PRIVATE_WEBHOOKS.",
    );
  return url.href;
}

const wrong = (problem: string): InvalidInputError => new InvalidInputError("url", `\`url\` ${problem}`);
