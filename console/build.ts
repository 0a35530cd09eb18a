import { readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import { build } from "vite";
import { compareConsole, consoleFolder, digestFile } from "../src/development/console.ts";

/** What is shorter gains nothing. */
const leastBytes = 512;

/**
 * Builds the console unless what is there was built from the same sources. It is built aside and then put in its
 * place, so that two processes that start at once do not mix their files.
 */
async function buildConsole(): Promise<void> {
  const { digest, isBuilt } = await compareConsole();
  if (isBuilt) return;
  const folder = `${consoleFolder}-${process.pid}`;
  await build({
    configFile: fileURLToPath(new URL("vite.config.ts", import.meta.url)),
    build: { outDir: folder },
    logLevel: "warn",
  });
  await compressFiles(folder);
  await writeFile(`${folder}/${digestFile}`, digest);
  await rm(consoleFolder, { recursive: true, force: true });
  // Another process may have just put the same files there.
  await rename(folder, consoleFolder).catch(() => rm(folder, { recursive: true, force: true }));
}

/** Once and well, so that the server only hands them out. */
async function compressFiles(folder: string): Promise<void> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => `${entry.parentPath}/${entry.name}`);
  await Promise.all(files.map(compressFile));
}

async function compressFile(path: string): Promise<void> {
  const bytes = await readFile(path);
  if (bytes.length < leastBytes) return;
  const params = { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
  await writeFile(`${path}.br`, await promisify(brotliCompress)(bytes, { params }));
  await writeFile(`${path}.gz`, await promisify(gzip)(bytes, { level: 9 }));
}

await buildConsole();
