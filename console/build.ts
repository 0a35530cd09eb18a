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
  await putInPlace(folder);
}

/** Another process may have put the same files there meanwhile: those stay, since a server may be reading them. */
async function putInPlace(folder: string): Promise<void> {
  if (await tryToMove(folder)) return;
  if ((await compareConsole()).isBuilt) return rm(folder, { recursive: true });
  const old = `${folder}-old`;
  await rename(consoleFolder, old).catch(() => undefined);
  if (!(await tryToMove(folder))) await rm(folder, { recursive: true });
  await rm(old, { recursive: true, force: true });
}

/** Says whether nothing stood in its way. */
const tryToMove = (folder: string): Promise<boolean> =>
  rename(folder, consoleFolder).then(
    () => true,
    () => false,
  );

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
