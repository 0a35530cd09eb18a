import { setTimeout as pause } from "node:timers/promises";
import { reportsOf, type ReportedStatus } from "./qikli-reports.ts";
import type { ReportOrder } from "./report-stream.ts";

/** The other end of `streamReports`. What is late is not waited for: the next request goes out when its time has come. */

process.on(
  "message",
  (order: ReportOrder) =>
    void run(order).then(
      () => process.send?.(""),
      (error: unknown) => process.send?.(String(error)),
    ),
);
process.on("disconnect", () => process.exit());

const steps: readonly ReportedStatus[] = ["SENT", "DELIVERED"];

async function run(order: ReportOrder): Promise<void> {
  const { callbackUrl, providerMessageIds, reportsInRequest, reportsPerSecond } = order;
  const startedAt = performance.now();
  const answers: Promise<void>[] = [];
  for (let start = 0; start < providerMessageIds.length; start += reportsInRequest) {
    const ids = providerMessageIds.slice(start, start + reportsInRequest);
    for (const status of steps) {
      const due = startedAt + ((answers.length * reportsInRequest) / reportsPerSecond) * 1000;
      await pause(Math.max(0, due - performance.now()));
      answers.push(post(callbackUrl, reportsOf(ids, status)));
    }
  }
  await Promise.all(answers);
}

async function post(url: string, body: string): Promise<void> {
  const response = await fetch(url, { method: "POST", headers: { "content-type": "application/xml" }, body });
  await response.text();
  if (response.status !== 200) throw new Error(`A callback was answered with ${response.status}`);
}
