import { setTimeout as pause } from "node:timers/promises";
import type { Page } from "playwright-core";
import { openBrowser } from "../../test/support/browser.ts";
import type { Closers } from "./server.ts";
import type { ServerProcess } from "./server-process.ts";

const settleMs = 10_000;

/** The overview of the console in a browser, watched from outside. */
export interface ConsolePage {
  page: Page;
  /** What it loaded first, as it was sent. */
  loadedBytes(): number;
  /** Deliveries in all frames that its sockets have received. */
  deliveriesReceived(): number;
}

export async function openConsole({ client }: ServerProcess, closers: Closers): Promise<ConsolePage> {
  const browser = await openBrowser();
  closers.push(() => browser.close());
  const page = await browser.context.newPage();
  let [loadedBytes, deliveries] = [0, 0];
  page.on("requestfinished", (request) => {
    if (new URL(request.url()).pathname === "/graphql") return;
    void request.sizes().then(({ responseBodySize }) => (loadedBytes += responseBodySize));
  });
  page.on("websocket", (socket) =>
    socket.on("framereceived", ({ payload }) => void (deliveries += deliveriesIn(String(payload)))),
  );
  // Kept by the page, so that nothing is missed while nobody asks.
  await page.addInitScript(`
    window.longTasks = [];
    new PerformanceObserver((list) => window.longTasks.push(...list.getEntries().map(({ duration }) => duration)))
      .observe({ type: "longtask" });
  `);
  await page.goto(client.url.replace("127.0.0.1", "localhost"));
  await page.getByRole("button", { name: "Open the console" }).click();
  await settle(page);
  return { page, loadedBytes: () => loadedBytes, deliveriesReceived: () => deliveries };
}

/** What a page asks first is no part of what it costs later. */
export async function settle(page: Page): Promise<void> {
  await page.getByRole("img", { name: /per second/ }).waitFor();
  await pause(settleMs);
}

interface Frame {
  payload?: { data?: { statisticsChanged?: { rows: { counts: { delivered: number } }[] } } };
}

function deliveriesIn(text: string): number {
  if (!text.includes('"statisticsChanged"')) return 0;
  const rows = (JSON.parse(text) as Frame).payload?.data?.statisticsChanged?.rows ?? [];
  return rows.reduce((sum, { counts }) => sum + counts.delivered, 0);
}

/** Milliseconds of the tasks over 50 since it was asked last. */
export async function takeLongTasks(page: Page): Promise<number[]> {
  return (await page.evaluate("window.longTasks.splice(0)")) as number[];
}

/** Megabytes in use after a collection. */
export async function heapOf(page: Page): Promise<number> {
  const session = await page.context().newCDPSession(page);
  await session.send("HeapProfiler.collectGarbage");
  const { usedSize } = await session.send("Runtime.getHeapUsage");
  await session.detach();
  return usedSize / 1e6;
}

/** The number that the page shows for deliveries in the last hour. */
export async function deliveriesInHour(page: Page): Promise<number> {
  const legend = page.getByRole("region", { name: "Messages in the last hour" });
  return numberIn(await legend.getByText(/^Delivered/).textContent());
}

/** The number of delivered messages in the row of the only campaign; undefined where none is shown. */
export async function deliveriesOfCampaign(page: Page): Promise<number | undefined> {
  const row = page.getByRole("region", { name: "Campaigns under way" }).getByRole("row").nth(1);
  if ((await row.count()) === 0) return undefined;
  return numberIn(await row.getByRole("cell").nth(4).textContent());
}

const numberIn = (text: string | null): number => Number(text?.replaceAll(/\D/g, ""));
