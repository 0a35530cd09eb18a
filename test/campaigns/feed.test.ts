import { afterAll, beforeAll, expect, it } from "vitest";
import { CampaignFeed, type CampaignFrame } from "../../src/campaigns/feed.ts";
import type { Database } from "../../src/database/database.ts";
import type { Listener } from "../../src/database/listener.ts";
import { startTestApp, type TestApp } from "../support/app.ts";
import { storeCampaign } from "../support/stored-campaigns.ts";

let app: TestApp;

beforeAll(async () => {
  app = await startTestApp({ runsWorker: false });
});

afterAll(async () => {
  await app.stop();
});

const totalOf = ({ value }: IteratorResult<CampaignFrame>): number => value.progress.total;

interface Outage {
  is: boolean;
  noticed: PromiseWithResolvers<void>;
}

/** A feed whose database can be made unreachable. `tell` announces a change. */
async function openFeed(): Promise<{ feed: CampaignFeed; outage: Outage; tell: () => void }> {
  const { database } = app.services;
  const outage: Outage = { is: false, noticed: Promise.withResolvers() };
  const unlessAway =
    <Args extends unknown[], Result>(act: (...args: Args) => Promise<Result>) =>
    async (...args: Args): Promise<Result> => {
      if (outage.is) outage.noticed.resolve();
      if (outage.is) throw new Error("away");
      return act(...args);
    };
  const shaky = {
    ...database,
    query: unlessAway((...args: Parameters<Database["query"]>) => database.query(...args)),
    pool: { ended: false, query: unlessAway(async () => []) },
  } as unknown as Database;
  const feed = new CampaignFeed(shaky);
  const wakes: Parameters<Listener["on"]>[1][] = [];
  const on: Listener["on"] = async (_channel, react) => {
    wakes.push(react);
    return () => Promise.resolve();
  };
  await feed.open({ on } as Listener);
  return { feed, outage, tell: () => wakes[0]?.() };
}

it("the campaign feed sends the newest state after an outage, and the last change even within the frame interval", async () => {
  const { campaignId } = await storeCampaign(app, [], [], { status: "PAUSED" });
  const { prisma } = app.services.database;
  const add = (delta: number) =>
    prisma.campaignTally.create({ data: { campaignId, status: "DELIVERED", delta } });
  const { feed, outage, tell } = await openFeed();
  const controller = new AbortController();
  const frames = feed.watch(campaignId, 20, controller.signal);
  expect(totalOf(await frames.next())).toBe(0);
  // During the pause after the first frame.
  const next = frames.next();
  await add(1);
  tell();
  expect(totalOf(await next)).toBe(1);
  const later = frames.next();
  outage.is = true;
  await add(2);
  tell();
  await outage.noticed.promise;
  outage.is = false;
  expect(totalOf(await later)).toBe(3);
  controller.abort();
});
