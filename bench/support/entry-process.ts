import { join } from "node:path";
import type { Benchmark, BenchRun, Finding } from "./benchmark.ts";
import { withClosers } from "./server.ts";

/** One benchmark in a process of its own, so that none inherits another's memory or compiled code. */

export interface EntryOrder {
  file: string;
  options: Omit<BenchRun, "closers" | "progress">;
}

export type EntryReport = { findings: Finding[] } | { error: string };

const progress = (line: string): void => void process.stderr.write(`  ${line}\n`);

process.once("message", ({ file, options }: EntryOrder) => {
  const running = withClosers(async (closers) => {
    const { benchmark } = (await import(join(import.meta.dirname, "..", file))) as { benchmark: Benchmark };
    return benchmark.run({ ...options, closers, progress });
  });
  void running
    .then(
      (findings): EntryReport => ({ findings }),
      (error: Error): EntryReport => ({ error: error.stack ?? error.message }),
    )
    .then((report) => process.send?.(report, () => process.exit()));
});
