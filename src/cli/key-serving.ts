import { setKeyServing, type KeyServing } from "../access/key-serving.ts";
import { ConfigError } from "../config.ts";
import type { Database } from "../database/database.ts";
import type { ApiKey } from "../database/generated/client.ts";
import { DomainError } from "../lib/errors.ts";
import { checkUrl, type EndpointRules } from "../webhooks/settings.ts";

/** What a key is to mean to the served APIs, as it is given on the command line. */
export interface GivenServing {
  "callback-url"?: string | undefined;
  "allow-get"?: boolean | undefined;
}

/** Takes the address away. */
const none = "none";

/** What was given of it. @throws ConfigError */
export async function readGivenServing(
  { "callback-url": url, "allow-get": allowsGet }: GivenServing,
  rules: EndpointRules,
): Promise<Partial<KeyServing>> {
  return {
    ...(url !== undefined && { callbackUrl: url === none ? null : await checked(url, rules) }),
    ...(allowsGet !== undefined && { allowsGet }),
  };
}

async function checked(url: string, rules: EndpointRules): Promise<string> {
  try {
    return await checkUrl(url, rules);
  } catch (error) {
    throw error instanceof DomainError ? new ConfigError(`--callback-url: ${error.message}`) : error;
  }
}

/** Changes what is given of it. */
export async function setServing(
  database: Database,
  { id: keyId, accountId, callbackUrl, allowsGet }: ApiKey,
  given: Partial<KeyServing>,
): Promise<void> {
  if (Object.keys(given).length === 0) return;
  await setKeyServing(database, { accountId, keyId }, { callbackUrl, allowsGet, ...given });
}
