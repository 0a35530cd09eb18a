import { execFile } from "node:child_process";
import { randomBytes, randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { reprocessQuarantined, type ReprocessCounts } from "../../src/callbacks/reprocess.ts";
import { startEmbeddedPostgres } from "../../src/database/embedded-postgres.ts";
import { migrate } from "../../src/database/migrate.ts";
import { keepSecret } from "../../src/development/secret-file.ts";
import { decodeId } from "../../src/lib/global-id.ts";
import { startTestApp, type TestApp } from "../support/app.ts";
import { queueMessage, update } from "../support/callbacks.ts";
import { connectProvider } from "../support/mutations.ts";

let app: TestApp;
let providerId: string;

beforeAll(async () => {
  app = await startTestApp({ runsWorker: false });
  providerId = decodeId("Provider", await connectProvider(app.client, { defaultSender: "smsgraph" }));
});

afterAll(() => app.stop());

beforeEach(() => app.services.database.prisma.callback.deleteMany());

const cameAt = new Date("2026-01-31T08:00:00.000Z");

/** Stores callbacks as an older version left them: in quarantine. */
async function quarantine(...bodies: string[]): Promise<void> {
  const row = { providerId, receivedAt: cameAt, state: "QUARANTINED", problem: "Not understood." } as const;
  await app.services.database.prisma.callback.createMany({ data: bodies.map((body) => ({ ...row, body })) });
}

const reprocess = (): Promise<ReprocessCounts> => reprocessQuarantined(app.services);

const states = async (): Promise<(string | null)[][]> => {
  const rows = await app.services.database.prisma.callback.findMany({ orderBy: { id: "asc" } });
  return rows.map(({ state, problem }) => [state, problem]);
};

const messageOf = (id: string) => app.services.database.prisma.message.findUniqueOrThrow({ where: { id } });

const countCallbacksOf = (messageId: string) =>
  app.services.database.prisma.messageEvent.count({ where: { messageId, source: "CALLBACK" } });

describe("reprocessing", () => {
  it("reprocessing applies callbacks that are understood now, with their time of arrival, and leaves the rest", async () => {
    const id = await queueMessage(app);
    await quarantine(
      update({ client_ref: id, status: "SENT" }),
      '{"inbound":{}}',
      update({ client_ref: id, status: "DELIVRD" }, { client_ref: id, status: "DELIVRD" }),
      update(
        { message_id: randomUUID(), status: "DELIVRD" },
        { client_ref: randomUUID(), status: "DELIVRD" },
      ),
    );
    expect(await reprocess()).toMatchObject({
      read: 4,
      processed: 3,
      unreadable: 1,
      applied: 2,
      ignored: 1,
      parked: 1,
      unknown: 1,
      dropped: 0,
    });
    expect(await states()).toEqual([
      ["PROCESSED", null],
      ["QUARANTINED", "Not understood."],
      ["PROCESSED", null],
      ["PROCESSED", null],
    ]);
    const message = await messageOf(id);
    expect(message).toMatchObject({ status: "DELIVERED", version: 3, deliveredAt: cameAt });
    expect(await countCallbacksOf(id)).toBe(3);
  });

  it("reprocessing a second time finds only what is still not understood", async () => {
    await quarantine('{"inbound":{}}', update({ message_id: randomUUID(), status: "SENT" }));
    await reprocess();
    const nothing = { applied: 0, ignored: 0, parked: 0, unknown: 0, dropped: 0 };
    expect(await reprocess()).toMatchObject({ read: 1, processed: 0, unreadable: 1, ...nothing });
  });

  it("reprocessing continues after a receipt that PostgreSQL refuses and after a removed provider", async () => {
    const id = await queueMessage(app);
    await quarantine(update({ client_ref: id, status: "SENT", part: 70_000 }));
    const gone = { providerId: randomUUID(), receivedAt: cameAt, state: "QUARANTINED" } as const;
    await app.services.database.prisma.callback.create({
      data: { ...gone, body: update({ client_ref: id, status: "SENT" }) },
    });
    await quarantine(update({ client_ref: id, status: "UNDELIV" }));
    expect(await reprocess()).toMatchObject({ read: 3, processed: 1, unreadable: 2, applied: 1 });
    expect(await messageOf(id)).toMatchObject({ status: "UNDELIVERED", version: 2 });
  });

  it("two reprocessing runs at once apply everything once", async () => {
    const ids = await Promise.all(Array.from({ length: 40 }, () => queueMessage(app)));
    await quarantine(...ids.map((client_ref) => update({ client_ref, status: "DELIVRD" })));
    const runs = await Promise.all([reprocess(), reprocess()]);
    expect(runs.reduce((sum, { applied }) => sum + applied, 0)).toBe(40);
    expect(runs.reduce((sum, { read }) => sum + read, 0)).toBe(40);
    expect(await app.services.database.prisma.messageEvent.count({ where: { messageId: { in: ids } } })).toBe(
      80,
    );
  });

  it("reprocessing does nothing when the quarantine is empty", async () => {
    expect(await reprocess()).toMatchObject({ read: 0 });
  });
});

interface Run {
  code: number;
  output: string;
  errors: string;
}

const main = fileURLToPath(new URL("../../src/cli/reprocess-callbacks.ts", import.meta.url));

function runCommand(variables: Record<string, string>, ...options: string[]): Promise<Run> {
  return new Promise((resolve) => {
    execFile(process.execPath, [main, ...options], { env: variables }, (error, output, errors) => {
      resolve({ code: Number(error?.code ?? 0), output, errors });
    });
  });
}

const secretKey = (): string => Buffer.from(app.secretKey).toString("base64");

describe("npm run receipts:reprocess", () => {
  it("receipts:reprocess prints what it did", async () => {
    await quarantine(update({ client_ref: await queueMessage(app), status: "DELIVRD" }), "{}");
    const run = await runCommand({ DATABASE_URL: app.databaseUrl, SECRET_KEY: secretKey() });
    expect(run).toEqual({
      code: 0,
      output: expect.stringContaining("2 quarantined callbacks read: 1 understood, 1 still not."),
      errors: "",
    });
    expect(run.output).toContain("1 applied");
  });

  it("receipts:reprocess prints its usage", async () => {
    expect(await runCommand({}, "--help")).toMatchObject({
      code: 0,
      output: expect.stringContaining("Usage:"),
    });
  });

  it.each(["--all", "all"])("receipts:reprocess says that it does not know %s", async (word) => {
    const { code, output, errors } = await runCommand({}, word);
    expect([code, output]).toEqual([1, ""]);
    expect(errors).toMatch(new RegExp(`^Un.* '${word}'.*\n[^]*Usage: npm run receipts:reprocess`));
    expect(errors).not.toMatch(/\n +at /);
  });

  it("receipts:reprocess says which key is wrong", async () => {
    await quarantine("{}");
    const other = randomBytes(32).toString("base64");
    const { code, errors } = await runCommand({ DATABASE_URL: app.databaseUrl, SECRET_KEY: other });
    expect([code, errors]).toEqual([1, expect.stringContaining("SECRET_KEY is not the one")]);
  });

  it("receipts:reprocess says which variables are wrong", async () => {
    const { code, errors } = await runCommand({ DATABASE_URL: "mysql://x", SECRET_KEY: "short" });
    expect([code, errors]).toEqual([1, expect.stringMatching(/DATABASE_URL[^]*SECRET_KEY/)]);
  });

  it("receipts:reprocess says that there is no database, and creates none", async () => {
    const { code, errors } = await runCommand({ DATA_DIR: "/nowhere/at/all" });
    expect([code, errors]).toEqual([1, expect.stringContaining("There is no database in /nowhere/at/all")]);
  });

  it("receipts:reprocess works on the embedded database while smsgraph is stopped", async () => {
    const directory = await mkdtemp(join(tmpdir(), "smsgraph-reprocess-"));
    onTestFinished(() => rm(directory, { recursive: true, force: true }));
    const postgres = await startEmbeddedPostgres(directory);
    await migrate(postgres.url);
    await postgres.stop();
    await keepSecret(directory, "secret-key", secretKey);
    const { code, output } = await runCommand({ DATA_DIR: directory });
    expect([code, output]).toEqual([0, expect.stringContaining("0 quarantined callbacks read")]);
  });
});
