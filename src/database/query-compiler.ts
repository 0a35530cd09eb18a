import { readFile } from "node:fs/promises";
import { setFlagsFromString } from "node:v8";

/** V8's own: how much of a function may run before it is compiled anew, better and at length. */
const usualBudget = 13_000_000;
const maxBudget = 2_000_000_000;

/**
 * Prisma's query compiler. It is busy when a process starts, and then asked once for each kind of query. To compile its
 * largest functions anew for the sake of that takes V8 35 MB, which malloc mostly cannot give back.
 */
export async function loadQueryCompiler(): Promise<WebAssembly.Module> {
  const bytes = await readFile(new URL("generated/internal/query-compiler.wasm", import.meta.url));
  // A module keeps the budget that it began with.
  setFlagsFromString(`--wasm-tiering-budget=${maxBudget}`);
  try {
    return new WebAssembly.Module(bytes);
  } finally {
    setFlagsFromString(`--wasm-tiering-budget=${usualBudget}`);
  }
}
