import { readFile } from "node:fs/promises";
import { setFlagsFromString } from "node:v8";

/** V8's default: how much of a function runs before it is compiled again with full optimisation. */
const usualBudget = 13_000_000;
const maxBudget = 2_000_000_000;

/**
 * Loads Prisma's query compiler. It is busy only at the start, and then used once for each kind of query.
 * Optimising its largest functions would cost V8 35 MB, most of which is never returned.
 */
export async function loadQueryCompiler(): Promise<WebAssembly.Module> {
  const bytes = await readFile(new URL("generated/internal/query-compiler.wasm", import.meta.url));
  // A module keeps the budget that was set when it was created.
  setFlagsFromString(`--wasm-tiering-budget=${maxBudget}`);
  try {
    return new WebAssembly.Module(bytes);
  } finally {
    setFlagsFromString(`--wasm-tiering-budget=${usualBudget}`);
  }
}
