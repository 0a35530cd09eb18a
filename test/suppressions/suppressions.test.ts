import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { connectTestSandbox, startTestApp, type TestApp } from "../support/app.ts";
import { createCampaign, upload, uploadOf } from "../support/campaigns.ts";
import { importList, suppress } from "../support/suppressions.ts";
import type { TikosmsSandbox } from "../../src/sandbox/tikosms/index.ts";
import { importSuppressions } from "../../src/suppressions/import.ts";

let app: TestApp;
let sandbox: TikosmsSandbox;

beforeAll(async () => {
  app = await startTestApp();
  ({ sandbox } = await connectTestSandbox(app));
});

afterAll(async () => {
  await app.client.close();
  await app.stop();
  await sandbox.close();
});

beforeEach(async () => {
  await app.services.database.pool.query("truncate suppressions");
});

interface Sent {
  __typename: string;
  id?: string;
  code?: string;
  number?: string;
  reason?: string;
  message?: string;
}

const sendDocument = `mutation ($input: SendMessagesInput!) {
  sendMessages(input: $input) {
    ... on SendMessagesSuccess {
      results { __typename ... on Message { id } ... on Error { code message } ... on RecipientSuppressedError { number reason } }
    }
  }
}`;

async function send(messages: object[]): Promise<Sent[]> {
  const input = { messages: messages.map((message) => ({ text: "Hello", ...message })) };
  return (await app.client.data<{ sendMessages: { results: Sent[] } }>(sendDocument, { input })).sendMessages
    .results;
}

interface CampaignView {
  status: string;
  suppressedCount: number;
  refusedCount: number;
  counts: { total: number; cancelled: number };
}

const readCampaign = async (id: string): Promise<CampaignView> =>
  (
    await app.client.data<{ campaign: CampaignView }>(
      "query ($id: ID!) { campaign(id: $id) { status suppressedCount refusedCount counts { total cancelled } } }",
      { id },
    )
  ).campaign;

const inAnHour = (): Date => new Date(Date.now() + 3_600_000);

/** Lets everything scheduled become due. */
const makeDue = async (): Promise<void> => {
  const { pool } = app.services.database;
  await pool.query("update messages set scheduled_at = now() where status = 'SCHEDULED'");
  await pool.query("update campaigns set scheduled_at = now() where status = 'SCHEDULED'");
  await pool.query(
    "select graphile_worker.reschedule_jobs(array(select id from graphile_worker.jobs), now())",
  );
};

const statusOf = async (id: string) =>
  (
    await app.client.data<{ message: { status: string; failure: { code: string } | null } }>(
      "query ($id: ID!) { message(id: $id) { status failure { code } } }",
      { id },
    )
  ).message;

describe("sending to people who said no", () => {
  it("a message to a number on the list is refused with a typed error, and the others of the call are sent", async () => {
    await suppress(app, "+421 901 000 001");
    const results = await send([{ to: "00421901000001" }, { to: "+421901000002" }]);
    expect(results[0]).toMatchObject({
      __typename: "RecipientSuppressedError",
      code: "RECIPIENT_SUPPRESSED",
      number: "+421901000001",
      reason: "asked us",
      message: expect.stringContaining("unsuppressNumber") as string,
    });
    expect(results[1]?.__typename).toBe("Message");
  });

  it("a number that is on the list for one sender gets messages of the others", async () => {
    await suppress(app, "+421901000003", "Acme");
    const results = await send([
      { to: "+421901000003", from: "ACME" },
      { to: "+421901000003", from: "Bank" },
    ]);
    expect(results.map(({ __typename }) => __typename)).toEqual(["RecipientSuppressedError", "Message"]);
  });

  it("a repeated request stays accepted when its recipient was put on the list meanwhile", async () => {
    const message = { to: "+421901000004", idempotencyKey: "before the list" };
    const [first] = await send([message]);
    await suppress(app, message.to);
    const [again] = await send([message]);
    expect(again?.id).toBe(first?.id);
    expect((await send([{ ...message, idempotencyKey: "after it" }]))[0]?.code).toBe("RECIPIENT_SUPPRESSED");
  });

  it("the list of one account does not hold for another", async () => {
    await app.services.database.pool.query(
      "insert into suppressions values (gen_random_uuid(), '+421901000005', '', null, 'API', now())",
    );
    expect((await send([{ to: "+421901000005" }]))[0]?.__typename).toBe("Message");
  });

  it("a scheduled message is cancelled when its time comes and its recipient is on the list by then", async () => {
    const [sent] = await send([{ to: "+421901000006", scheduledAt: inAnHour() }]);
    await suppress(app, "+421901000006");
    await makeDue();
    await expect
      .poll(() => statusOf(sent?.id ?? ""))
      .toEqual({ status: "CANCELLED", failure: { code: "suppressed" } });
  });

  it("a number that was taken off the list gets messages again", async () => {
    await suppress(app, "+421901000007");
    const document = `mutation { unsuppressNumber(number: "+421901000007") { ... on UnsuppressedNumber { number removed } } }`;
    expect(await app.client.data(document)).toEqual({
      unsuppressNumber: { number: "+421901000007", removed: 1 },
    });
    expect((await send([{ to: "+421901000007" }]))[0]?.__typename).toBe("Message");
  });

  it("a quote refuses and counts the recipients on the list", async () => {
    await suppress(app, "+421901000008");
    const document = `{ quote(input: { text: "Hi", recipients: [{ to: "+421901000008" }, { to: "+421901000009" }, { to: "1" }] }) {
      messages refusedCount suppressedCount refused { position code }
    } }`;
    expect(await app.client.data(document)).toEqual({
      quote: {
        messages: 1,
        refusedCount: 2,
        suppressedCount: 1,
        refused: [
          { position: 1, code: "RECIPIENT_SUPPRESSED" },
          { position: 3, code: "INVALID_PHONE_NUMBER" },
        ],
      },
    });
  });
});

describe("campaigns to people who said no", () => {
  const three = [{ to: "+421902000001" }, { to: "+421902000002" }, { to: "+421902000003" }];

  it("a campaign refuses numbers on the list, lists and counts them, from a list and from a file", async () => {
    await suppress(app, "+421902000002");
    const listed = await createCampaign(app, { recipients: three });
    const { data } = await upload(app, uploadOf({}, `to\n${three.map(({ to }) => to).join("\n")}\n`));
    for (const [created, row] of [
      [listed, 2],
      [data?.createCampaign, 3],
    ] as const) {
      expect(created?.refusedRecipients.edges.map(({ node }) => node)).toEqual([
        {
          to: "+421902000002",
          row,
          code: "RECIPIENT_SUPPRESSED",
          reason: expect.stringContaining("+421902000002 is not to be texted (asked us)") as string,
        },
      ]);
      expect(await readCampaign(created?.id ?? "")).toMatchObject({
        suppressedCount: 1,
        refusedCount: 1,
        counts: { total: 2 },
      });
    }
  });

  it("a dry run counts the same as the campaign would", async () => {
    await suppress(app, "+421902000001");
    const document = `mutation ($recipients: [CampaignRecipientInput!]!) {
      createCampaign(input: { name: "Dry", text: "Hi", dryRun: true, recipients: $recipients }) {
        ... on CampaignPreview { total suppressedCount refusedCount }
      }
    }`;
    expect(await app.client.data(document, { recipients: three })).toEqual({
      createCampaign: { total: 2, suppressedCount: 1, refusedCount: 1 },
    });
  });

  it("a campaign to nobody but numbers on the list is an error that says so", async () => {
    await suppress(app, "+421902000001");
    const created = await createCampaign(app, { recipients: [{ to: "+421902000001" }] });
    expect(created).toMatchObject({ __typename: "NoRecipientsError", refusedCount: 1 });
    expect(created.message).toContain("not to be texted");
  });

  it("messages of a scheduled campaign are cancelled and counted when their numbers came onto the list", async () => {
    const { id } = await createCampaign(app, { recipients: three, scheduledAt: inAnHour() });
    await expect
      .poll(
        async () =>
          (
            await app.client.data<{ campaign: { messages: { edges: unknown[] } } }>(
              "query ($id: ID!) { campaign(id: $id) { messages { edges { cursor } } } }",
              { id },
            )
          ).campaign.messages.edges.length,
      )
      .toBe(3);
    await suppress(app, "+421902000002");
    await makeDue();
    await expect
      .poll(() => readCampaign(id))
      .toMatchObject({
        status: "COMPLETED",
        suppressedCount: 1,
        refusedCount: 0,
        counts: { total: 3, cancelled: 1 },
      });
  });
});

interface ListPage {
  suppressions: {
    edges: { node: { number: string; sender: string | null; source: string } }[];
    pageInfo: { hasNextPage: boolean; endCursor: string };
  };
}

const readPage = async (after?: string, number?: string): Promise<ListPage["suppressions"]> =>
  (
    await app.client.data<ListPage>(
      `query ($after: String, $number: String) {
        suppressions(first: 2, after: $after, number: $number) {
          edges { node { number sender source } } pageInfo { hasNextPage endCursor }
        }
      }`,
      { after, number },
    )
  ).suppressions;

const download = async (key = app.key): Promise<Response> =>
  fetch(`${app.url}/suppressions.csv`, { headers: { authorization: `Bearer ${key}` } });

const page = (from: number): Buffer =>
  Buffer.from(Array.from({ length: 2_000 }, (_, index) => `+4219050${from + index}\n`).join(""));

describe("the list", () => {
  it("the list is read page by page, with every scope of a number, and can be asked for one number", async () => {
    await suppress(app, "+421903000002", "Čaj & Co");
    await suppress(app, "+421903000001");
    await suppress(app, "+421903000002");
    const first = await readPage();
    expect(first.edges.map(({ node }) => node)).toEqual([
      { number: "+421903000001", sender: null, source: "API" },
      { number: "+421903000002", sender: null, source: "API" },
    ]);
    const second = await readPage(first.pageInfo.endCursor);
    expect(second.edges.map(({ node }) => node.sender)).toEqual(["čaj & co"]);
    expect((await readPage(second.pageInfo.endCursor)).edges).toEqual([]);
    expect((await readPage(undefined, "00421903000001")).edges).toHaveLength(1);
  });

  it("a file is imported, bad rows are listed, and the download of the list can be imported again", async () => {
    const file =
      "Number;reason;sender\n'+421904000001;left us;\n421904000002;;Acme\nnobody;;\n\n421904000001;;\n";
    expect(await importList(app, file)).toEqual({
      added: 2,
      known: 1,
      refusedCount: 1,
      refused: [{ row: 4, to: "nobody", code: "INVALID_PHONE_NUMBER" }],
    });
    const { rows: before } = await app.services.database.pool.query(
      "select recipient, sender, reason from suppressions order by recipient",
    );
    const csv = await (await download()).text();
    await app.services.database.pool.query("truncate suppressions");
    expect(await importList(app, csv)).toMatchObject({ added: 2, known: 0, refusedCount: 0 });
    const { rows: after } = await app.services.database.pool.query(
      "select recipient, sender, reason from suppressions order by recipient",
    );
    expect(after).toEqual(before);
  });

  it("a download is no leak of listeners to Node", async () => {
    await suppress(app, "+421904000005");
    const warnings: Error[] = [];
    const note = (warning: Error): void => void warnings.push(warning);
    process.on("warning", note);
    expect(await (await download()).text()).toContain("421904000005");
    process.off("warning", note);
    expect(warnings.filter(({ name }) => name === "MaxListenersExceededWarning")).toEqual([]);
  });

  it("a file of nothing but numbers needs no header, and one without numbers is refused", async () => {
    expect(await importList(app, "+421904000003\n+421904000004\n", { sender: "Acme" })).toMatchObject({
      added: 2,
    });
    expect((await readPage()).edges.map(({ node }) => node.sender)).toEqual(["acme", "acme"]);
    expect(await importList(app, "name,city\nEva,Nitra\n")).toMatchObject({
      code: "INVALID_INPUT",
      message: expect.stringContaining("`number`") as string,
    });
  });

  it("a file is not read on when whoever sent it has gone, and what was read before is on the list", async () => {
    const gone = new AbortController();
    async function* pages(): AsyncGenerator<Uint8Array> {
      yield page(10_000);
      gone.abort();
      yield page(20_000);
    }
    const file = Object.assign(pages(), { signal: gone.signal });
    await expect(importSuppressions(app.services, app.accountId, { file })).rejects.toThrow("broken off");
    const { rows } = await app.services.database.pool.query<{ count: number }>(
      "select count(*)::int from suppressions",
    );
    expect(rows[0]?.count).toBeGreaterThan(0);
    expect(rows[0]?.count).toBeLessThan(4_000);
  });

  it("the list is downloaded only with a key that may read", async () => {
    expect((await download("sg_nobody")).status).toBe(401);
    expect((await download(await app.createKey(["SEND"], app.accountId))).status).toBe(403);
  });
});
