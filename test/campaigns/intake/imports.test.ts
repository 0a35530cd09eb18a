import { randomUUIDv7 } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createCampaign, type CreateOptions } from "../../../src/campaigns/intake/create.ts";
import { removeDeadImports } from "../../../src/campaigns/intake/imports.ts";
import type { Clock } from "../../../src/lib/clock.ts";
import { startTestApp, type TestApp } from "../../support/app.ts";
import { countCampaignRows } from "../../support/campaigns.ts";
import { connectProvider } from "../../support/mutations.ts";

let app: TestApp;
let services: CreateOptions;

/** A clock that stands still until the test moves it. */
const start = new Date("2026-06-01T08:00:00Z").getTime();
let seconds = 0;
const clock: Clock = { now: () => new Date(start + seconds * 1000) };

/** Leases go by the database's clock, so they are made older instead. */
async function pass(more: number): Promise<void> {
  seconds += more;
  await app.services.database.pool.query(
    "update campaigns set import_until = import_until - make_interval(secs => $1)",
    [more],
  );
}

beforeAll(async () => {
  app = await startTestApp({ runsWorker: false });
  await connectProvider(app.client, { defaultSender: "smsgraph" });
  services = { ...app.services, clock, within: undefined };
});

afterAll(() => app.stop());

const rows = (first: number, count: number): Uint8Array =>
  Buffer.from(
    Array.from({ length: count }, (_, index) => `+42191${String(first + index).padStart(7, "0")}\n`).join(""),
  );

/** A file that arrives as far as the test allows, and then stalls. */
function heldFile(): {
  file: AsyncGenerator<Uint8Array>;
  reached: Promise<void>;
  goOn: PromiseWithResolvers<void>;
} {
  const reached = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  async function* file(): AsyncGenerator<Uint8Array> {
    yield Buffer.from("to\nbad\n");
    yield rows(0, 2_600);
    yield rows(2_600, 3_200);
    reached.resolve();
    await goOn.promise;
    yield rows(5_800, 2_600);
  }
  return { file: file(), reached: reached.promise, goOn };
}

const input = (file: AsyncGenerator<Uint8Array>, idempotencyKey: string) => ({
  name: "Spring",
  text: "Hello",
  file,
  idempotencyKey,
});

/** Leaves an import as a killed process does: halfway, without any clean-up. */
async function leaveHalf(idempotencyKey: string): Promise<{ id: string; finish: () => Promise<unknown> }> {
  const { file, reached, goOn } = heldFile();
  const importing = createCampaign(services, app.accountId, input(file, idempotencyKey));
  importing.catch(() => undefined);
  await reached;
  const { id } = await services.database.prisma.campaign.findFirstOrThrow({ where: { idempotencyKey } });
  // The file is read ahead of what is stored. Storing renews the lease, so nothing may still be under way. Rows are stored
  // when there are 2,500, or some hundreds more: twice, and what is left waits for more of the file.
  await expect
    .poll(async () => services.database.prisma.campaignRecipient.count({ where: { campaignId: id } }), {
      timeout: 30_000,
    })
    .toBeGreaterThanOrEqual(5_000);
  return {
    id,
    finish: async () => {
      goOn.resolve();
      return importing;
    },
  };
}

describe("an import whose process died", () => {
  it("a dead import is left alone during its lease, then removed with all its rows and nothing else", async () => {
    const whole = await createCampaign(services, app.accountId, {
      name: "Whole",
      text: "Hello",
      recipients: [{ to: "+421901000000" }, { to: "bad" }],
    });
    const before = await countCampaignRows(app);
    const { finish } = await leaveHalf("removed");
    await pass(60);
    await removeDeadImports(services.database);
    expect(await countCampaignRows(app)).toMatchObject({ campaigns: 2, refused_recipients: 2 });
    await pass(60);
    await removeDeadImports(services.database);
    expect(await countCampaignRows(app)).toEqual(before);
    // The import was only slow, and now learns that it was given up.
    await expect(finish()).rejects.toThrow(/given up/);
    expect(await countCampaignRows(app)).toEqual(before);
    expect(whole).toEqual({ campaignId: expect.any(String) });
  });

  it("a repeat during an import waits for it, and is told of a campaign that stays", async () => {
    const { id, finish } = await leaveHalf("waited for");
    const repeat = createCampaign(services, app.accountId, input(heldFile().file, "waited for"));
    expect(await finish()).toEqual({ campaignId: id });
    expect(await repeat).toEqual({ campaignId: id });
    await removeDeadImports(services.database);
    expect(await services.database.prisma.campaign.findUnique({ where: { id } })).toMatchObject({
      total: 8_400,
    });
    await services.database.prisma.campaign.update({ where: { id }, data: { name: "Waited for" } });
  });

  it("a dead import gives its idempotency key to a repeat and cannot continue afterwards", async () => {
    const { id, finish } = await leaveHalf("taken over");
    const { file, goOn } = heldFile();
    goOn.resolve();
    const repeating = createCampaign(services, app.accountId, input(file, "taken over"));
    await pass(120);
    const repeat = (await repeating) as { campaignId: string };
    expect(repeat.campaignId).not.toBe(id);
    await expect(finish()).rejects.toThrow(/given up/);
    await removeDeadImports(services.database);
    const campaigns = await services.database.prisma.campaign.findMany({ where: { name: "Spring" } });
    expect(campaigns).toMatchObject([
      { id: repeat.campaignId, total: 8_400, refused: 1, idempotencyKey: "taken over" },
    ]);
    const others = await services.database.prisma.campaignRecipient.count({ where: { campaignId: id } });
    expect(others).toBe(0);
  });

  it("an import renews its lease while a slow file comes in", async () => {
    async function* slowly(): AsyncGenerator<Uint8Array> {
      yield Buffer.from("to\n");
      for (let row = 0; row < 20; row++) {
        await pass(25);
        yield rows(row, 1);
        await removeDeadImports(services.database);
      }
    }
    const created = await createCampaign(services, app.accountId, input(slowly(), "slow"));
    const { campaignId } = created as { campaignId: string };
    expect(
      await services.database.prisma.campaign.findUniqueOrThrow({ where: { id: campaignId } }),
    ).toMatchObject({
      total: 20,
      importUntil: null,
      importedAt: clock.now(),
    });
  });

  it("an import that is being removed by one worker is not removed by another at the same time", async () => {
    const ids = [randomUUIDv7(), randomUUIDv7()];
    await services.database.prisma.campaign.createMany({
      data: ids.map((id, index) => ({
        id,
        accountId: app.accountId,
        name: "Raw",
        status: "RUNNING" as const,
        sender: "x",
        text: "x",
        createdAt: clock.now(),
        updatedAt: clock.now(),
        importUntil: new Date(Date.now() + (index === 0 ? -1 : 1) * 60_000),
      })),
    });
    await services.database.prisma.campaignRecipient.createMany({
      data: Array.from({ length: 25_000 }, (_, index) => ({
        campaignId: ids[index % 2] ?? "",
        position: index + 1,
        recipient: `+4219${index}`,
        providerId: ids[0] ?? "",
        sender: "x",
        encoding: "GSM7" as const,
        segments: 1,
      })),
    });
    await removeDeadImports(services.database);
    const left = await services.database.prisma.campaign.findMany({ where: { name: "Raw" } });
    expect(left.map(({ id }) => id)).toEqual([ids[1]]);
    const count = await services.database.prisma.campaignRecipient.count({
      where: { campaignId: { in: ids } },
    });
    expect(count).toBe(12_500);
  });
});
