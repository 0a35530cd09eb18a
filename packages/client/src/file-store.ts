import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import type { CursorStore } from "./store.ts";

/**
 * A cursor in a file. It is written at once and as a whole: a process that is killed leaves the old cursor or
 * the new one.
 */
export const fileStore = (path: string): CursorStore => ({
  load: () => (existsSync(path) ? readFileSync(path, "utf8") : undefined),
  save(cursor) {
    writeFileSync(`${path}.new`, cursor);
    renameSync(`${path}.new`, path);
  },
});
