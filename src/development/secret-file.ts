import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** A secret that is made once and kept in a file that only its owner can read. */
export async function keepSecret(directory: string, name: string, make: () => string): Promise<string> {
  const kept = await readSecret(directory, name);
  if (kept !== undefined) return kept;
  await mkdir(directory, { recursive: true });
  const secret = make();
  await writeFile(join(directory, name), `${secret}\n`, { mode: 0o600 });
  return secret;
}

/** Undefined when the secret was never made. */
export async function readSecret(directory: string, name: string): Promise<string | undefined> {
  const kept = await readFile(join(directory, name), "utf8").catch(() => "");
  return kept.trim() === "" ? undefined : kept.trim();
}
