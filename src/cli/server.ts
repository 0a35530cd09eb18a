import { readSecret } from "../development/secret-file.ts";

/** What the user can mend: its message is all that is shown. */
export class UsageError extends Error {}

/** A running smsgraph, and the key to use it with. */
export interface Server {
  url: string;
  key: string;
}

/** @throws UsageError when there is no key */
export async function findServer(named: string | undefined): Promise<Server> {
  // oxlint-disable-next-line node/no-process-env
  const { SMSGRAPH_URL, SMSGRAPH_KEY, DATA_DIR = ".data" } = process.env;
  const url = (named ?? SMSGRAPH_URL ?? "http://localhost:4000").replace(/\/(graphql\/?)?$/, "");
  const key = SMSGRAPH_KEY ?? (await readSecret(DATA_DIR, "development-key"));
  if (key !== undefined) return { url, key };
  throw new UsageError("There is no API key: set SMSGRAPH_KEY, or start smsgraph here once (npm start).");
}

/**
 * Executes an operation.
 * @param body the operation and its variables, as JSON
 * @throws UsageError
 */
export async function ask<Data>({ url, key }: Server, body: string): Promise<Data> {
  const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
  const response = await fetch(`${url}/graphql`, { method: "POST", headers, body }).catch(() => {
    throw new UsageError(
      `Nothing answers at ${url}. Start smsgraph (npm start), or name its address with --url.`,
    );
  });
  const { data, errors } = (await response.json()) as { data?: Data; errors?: { message: string }[] };
  if (errors?.[0]) throw new UsageError(errors[0].message);
  if (!data) throw new UsageError(`${url} does not answer as smsgraph does.`);
  return data;
}

/** Runs a command. What the user can mend is shown as one sentence, anything unexpected with its stack. */
export async function runCommand(main: () => Promise<void>): Promise<void> {
  try {
    await main();
  } catch (error) {
    const isExpected = error instanceof UsageError || (error instanceof Error && "code" in error);
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    if (!isExpected) throw error;
    process.exitCode = 1;
  }
}
