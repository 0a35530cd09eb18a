import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Closers } from "./server.ts";

/** Messages of which a provider reports at a steady rate, first that each was sent, then that it was delivered. */
export interface ReportOrder {
  callbackUrl: string;
  providerMessageIds: string[];
  reportsPerSecond: number;
  reportsInRequest: number;
}

/** A provider's side that posts reports, in a process of its own. @throws Error when one was not answered with 200 */
export async function streamReports(closers: Closers, order: ReportOrder): Promise<void> {
  const child = fork(join(import.meta.dirname, "report-stream-process.ts"));
  closers.push(() => child.kill());
  child.send(order);
  const [problem] = (await once(child, "message")) as [string];
  if (problem) throw new Error(problem);
}
