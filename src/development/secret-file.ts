import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** A secret that is made once and kept in a file only its owner can read. */
export async function keepSecret(directory: string, name: string, make: () => string): Promise<string> {
  await mkdir(directory, { recursive: true });
  const file = join(directory, name);
  const kept = await readFile(file, "utf8").catch(() => "");
  if (kept.trim() !== "") return kept.trim();
  const secret = make();
  await writeFile(file, `${secret}\n`, { mode: 0o600 });
  return secret;
}
