import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, globSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** Where the console's files are once they are built. */
export const consoleFolder = join(root, "console/dist");

/** Has the digest of the sources that the files were built from. */
const digestFile = "sources.txt";

/** A digest of everything that the console is built from. */
async function digestSources(): Promise<string> {
  const sources = globSync(
    ["console/*.{ts,html,json}", "console/src/**/*", "packages/client/src/*.ts", "package-lock.json"],
    { cwd: root, withFileTypes: true },
  )
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted();
  const digest = createHash("sha256");
  const texts = await Promise.all(sources.map((path) => readFile(path)));
  for (const [index, text] of texts.entries())
    digest.update(`${sources[index]?.slice(root.length)}\n${text.length}\n`).update(text);
  return digest.digest("hex");
}

/** The digest of the present sources, and whether the built files are of these. */
export async function compareConsole(): Promise<{ digest: string; isBuilt: boolean }> {
  const built = await readFile(join(consoleFolder, digestFile), "utf8").catch(() => undefined);
  const digest = await digestSources();
  return { digest, isBuilt: built === digest };
}

/** Builds the console unless it is built from these sources already. Without development packages it stays as it is. */
export async function prepareConsole(): Promise<void> {
  const script = join(root, "console/build.ts");
  if (!existsSync(script) || !existsSync(join(root, "node_modules/vite"))) return;
  if ((await compareConsole()).isBuilt) return;
  // Of its own, so that the server never holds what builds.
  await once(spawn(process.execPath, [script], { stdio: "inherit" }), "close");
}

export { digestFile };
