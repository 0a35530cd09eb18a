import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodeId } from "../../src/lib/global-id.ts";
import { minUuid } from "../../src/lib/uuid.ts";
import { connectTestSandbox, startTestApp, type TestApp } from "../support/app.ts";
import { createCampaign, upload, uploadOf } from "../support/campaigns.ts";

let app: TestApp;
let closeSandbox: () => Promise<unknown>;
let providerId: string;

beforeAll(async () => {
  app = await startTestApp();
  const connected = await connectTestSandbox(app);
  closeSandbox = () => connected.sandbox.close();
  providerId = decodeId("Provider", connected.providerId);
  await query(
    `insert into rates (id, account_id, provider_id, mcc, country, price, currency, valid_from)
    values (gen_random_uuid(), $1, $2, '231', 'SK', 0.05, 'EUR', '2020-01-01')`,
    [app.accountId, providerId],
  );
});

afterAll(async () => {
  await app.client.close();
  await app.stop();
  await closeSandbox();
});

const query = async <Row extends object>(text: string, values: unknown[] = []): Promise<Row[]> =>
  (await app.services.database.pool.query<Row>(text, values)).rows;

const inAnHour = (): string => new Date(Date.now() + 3_600_000).toISOString();

interface View {
  id: string;
  text: string;
  status: string;
  version: number;
  code: string;
  message: string;
  field: string;
  refusedCount: number;
  refusedRecipients: { edges: { node: { row: number; to: string; reason: string } }[] };
  estimatedCost: { amount: string; currency: string }[];
  counts: { total: number; scheduled: number; queued: number };
  messages: {
    edges: {
      node: {
        to: string;
        text: string;
        encoding: string;
        segments: number;
        estimatedCost: { amount: string } | null;
      };
    }[];
  };
}

const fields = `id text status version estimatedCost { amount currency } counts { total scheduled queued }
  messages(first: 100) { edges { node { to text encoding segments estimatedCost { amount } } } }`;

const read = async (id: string): Promise<View> =>
  (await app.client.data<{ campaign: View }>(`query ($id: ID!) { campaign(id: $id) { ${fields} } }`, { id }))
    .campaign;

const update = async (input: object): Promise<View> =>
  (
    await app.client.data<{ updateCampaign: View }>(
      `mutation ($input: UpdateCampaignInput!) {
        updateCampaign(input: $input) {
          ... on Campaign { ${fields} } ... on Error { code message } ... on InvalidInputError { field }
          ... on RowsRefusedError { refusedCount refusedRecipients { edges { node { row to reason } } } }
        }
      }`,
      { input },
    )
  ).updateCampaign;

const change = (name: string, id: string): Promise<unknown> =>
  app.client.data(`mutation ($id: ID!) { ${name}(id: $id) { __typename } }`, { id });

const messagesOf = ({ messages }: View): View["messages"]["edges"][number]["node"][] =>
  messages.edges.map(({ node }) => node).toSorted((one, other) => one.to.localeCompare(other.to));

const textsOf = (view: View): string[] => messagesOf(view).map(({ text }) => text);

const keptOf = async (id: string): Promise<number> =>
  (
    await query<{ count: number }>("select count(*)::int from campaign_values where campaign_id = $1", [
      decodeId("Campaign", id),
    ])
  )[0]?.count ?? -1;

const people = [
  { to: "+421903100000", values: { name: "Eva", city: "Nitra", shop: 7 } },
  { to: "+421903100001", values: { name: "Jan", city: "Košice" } },
];

/** A campaign that begins in an hour, and whose messages are made. */
async function scheduled(input: object = {}): Promise<string> {
  const { id, code, message } = await createCampaign(app, {
    text: "Hello {{name}}",
    recipients: people,
    scheduledAt: inAnHour(),
    ...input,
  });
  expect(code, message).toBeUndefined();
  await expanded(id);
  return id;
}

const limit = (amount: string) =>
  app.client.data(
    `mutation ($amount: Decimal!) {
      setSpendingLimits(input: { caps: [{ period: DAY, amount: $amount, currency: "EUR" }] }) { __typename ... on Error { message } }
    }`,
    { amount },
  );
const spent = async (): Promise<string> =>
  (await query<{ amount: string }>("select sum(amount)::text as amount from spending"))[0]?.amount ?? "0";

async function expanded(id: string): Promise<void> {
  const left = async (): Promise<number | undefined> =>
    (
      await query<{ left: number }>(
        "select count(*)::int as left from campaign_recipients where campaign_id = $1",
        [decodeId("Campaign", id)],
      )
    )[0]?.left;
  await expect.poll(left).toBe(0);
}

describe("another text of a campaign that has not begun", () => {
  it("is filled in, measured and priced anew for everyone, also with values that the first text did not ask for", async () => {
    const id = await scheduled();
    expect((await read(id)).estimatedCost).toEqual([{ amount: "0.1", currency: "EUR" }]);
    const text = `${"x".repeat(150)} {{name}} of {{ City }}`;
    const changed = await update({ id, version: 1, text });
    expect(changed).toMatchObject({ text, version: 2, status: "SCHEDULED", counts: { scheduled: 2 } });
    expect(messagesOf(changed)).toEqual([
      {
        to: "+421903100000",
        text: `${"x".repeat(150)} Eva of Nitra`,
        encoding: "GSM7",
        segments: 2,
        estimatedCost: { amount: "0.1" },
      },
      {
        to: "+421903100001",
        text: `${"x".repeat(150)} Jan of Košice`,
        encoding: "UCS2",
        segments: 3,
        estimatedCost: { amount: "0.15" },
      },
    ]);
    expect(changed.estimatedCost).toEqual([{ amount: "0.25", currency: "EUR" }]);
    const begun = await update({ id, version: 2, text: "Bye {{name}}", scheduledAt: null });
    expect(begun.estimatedCost).toEqual([{ amount: "0.1", currency: "EUR" }]);
    await expect.poll(async () => (await read(id)).status).toBe("COMPLETED");
    expect(textsOf(await read(id))).toEqual(["Bye Eva", "Bye Jan"]);
    await expect.poll(() => keptOf(id), { timeout: 20_000 }).toBe(0);
    const audit = await query<{ after: object }>(
      "select after from audit_log where action = 'CAMPAIGN_UPDATED' and target_id = $1 order by at limit 1",
      [decodeId("Campaign", id)],
    );
    expect(audit).toEqual([{ after: { hasNewText: true } }]);
  });

  it("is refused as a whole where a recipient lacks a value, with the row, and nothing changes", async () => {
    const id = await scheduled();
    const refused = await update({ id, version: 1, name: "Other", text: "Shop {{shop}}" });
    expect(refused).toMatchObject({ code: "ROWS_REFUSED", refusedCount: 1 });
    expect(refused.message).toContain("Row 2: There is no value for {{shop}}.");
    expect(refused.refusedRecipients.edges[0]?.node).toMatchObject({ row: 2, to: "+421903100001" });
    expect(await update({ id, version: 1, text: "Dear {{title}}" })).toMatchObject({
      code: "INVALID_INPUT",
      field: "text",
      message:
        "The text asks for {{title}}. The recipients have the values name, city, shop. Names must match exactly.",
    });
    expect(await update({ id, version: 1, text: "Dear {{name" })).toMatchObject({ code: "INVALID_TEXT" });
    expect(await update({ id, version: 1, text: " " })).toMatchObject({ code: "INVALID_TEXT" });
    expect(await update({ id, version: 1, text: "x".repeat(39_990) })).toMatchObject({
      code: "INVALID_TEXT",
    });
    expect(await update({ id, version: 1, text: null })).toMatchObject({ field: "text" });
    expect(await update({ id, version: 3, text: "Late" })).toMatchObject({ code: "VERSION_CONFLICT" });
    const kept = await read(id);
    expect(kept).toMatchObject({ version: 1, text: "Hello {{name}}" });
    expect(textsOf(kept)).toEqual(["Hello Eva", "Hello Jan"]);
  });

  it("may name any column of the file", async () => {
    const file = "To;First Name;Mesto;Note\n+421903100000;Eva;Nitra;\n+421903100001;Jan;Košice;late\n";
    const { data } = await upload(
      app,
      uploadOf({ text: "Hello {{first_name}}", scheduledAt: inAnHour() }, file),
    );
    const id = data?.createCampaign.id ?? "";
    await expanded(id);
    const changed = await update({ id, version: 1, text: "{{mesto}} {{first_name}}" });
    expect(textsOf(changed)).toEqual(["Nitra Eva", "Košice Jan"]);
    const refused = await update({ id, version: 2, text: "{{note}}" });
    expect(refused.refusedRecipients.edges.map(({ node }) => node.row)).toEqual([2]);
  });

  it("may name any of a thousand columns, and what is kept of a row is what it holds", async () => {
    const names = Array.from({ length: 999 }, (_, index) => `c${index}`);
    const odd = String.raw`a"b\,{}`;
    const file = [
      `to;${names.join(";")}`,
      `+421903100000${";".repeat(999)}"${odd.replaceAll('"', '""')}"`,
      `+421903100001;${names.join(";")}`,
      `+421903100002;first${";".repeat(998)}last`,
    ].join("\n");
    const { data } = await upload(app, uploadOf({ scheduledAt: inAnHour() }, file));
    const id = data?.createCampaign.id ?? "";
    await expanded(id);
    const kept = await query<{ size: number }>(
      "select cardinality(given) as size from campaign_values where campaign_id = $1 order by position",
      [decodeId("Campaign", id)],
    );
    expect(kept.map(({ size }) => size)).toEqual([2, 999, 4]);
    expect(textsOf(await update({ id, version: 1, text: "Hi {{c998}}" }))).toEqual([
      `Hi ${odd}`,
      "Hi c998",
      "Hi last",
    ]);
    const refused = await update({ id, version: 2, text: "{{c0}}" });
    expect(refused.refusedRecipients.edges.map(({ node }) => node.row)).toEqual([2]);
    expect(textsOf(await update({ id, version: 2, text: "Bye" }))).toEqual(["Bye", "Bye", "Bye"]);
  });

  it("keeps the encoding that was asked for, unless another is", async () => {
    const id = await scheduled({ text: "“{{name}}”", encoding: "GSM7" });
    const changed = await update({ id, version: 1, text: "“{{city}}”" });
    expect(textsOf(changed)).toEqual(['"Nitra"', '"Kosice"']);
    const plain = await update({ id, version: 2, encoding: "AUTO" });
    expect(textsOf(plain)).toEqual(["“Nitra”", "“Košice”"]);
  });

  it("of a campaign that was to begin at once has no placeholders, since their values were not kept", async () => {
    const window = { start: "00:00", end: "00:01", days: ["SUNDAY"] };
    const { id } = await createCampaign(app, { text: "Hi {{name}}", recipients: people, sendWindow: window });
    await change("pauseCampaign", id);
    await expanded(id);
    expect(await keptOf(id)).toBe(0);
    expect((await update({ id, version: 1, text: "Bye {{name}}" })).message).toContain("`scheduledAt`");
    const changed = await update({ id, version: 1, text: "Bye all" });
    expect(changed).toMatchObject({ status: "PAUSED", counts: { queued: 2 } });
    expect(textsOf(changed)).toEqual(["Bye all", "Bye all"]);
    await change("cancelCampaign", id);
  });

  it("is counted as spent where it costs more, and refused where a cap does not allow that", async () => {
    await limit("100");
    const id = await scheduled();
    const before = Number(await spent());
    expect(await update({ id, version: 1, text: "x".repeat(161) })).toMatchObject({ version: 2 });
    expect(Number(await spent())).toBeCloseTo(before + 0.1, 9);
    await limit(String(before + 0.2));
    expect(await update({ id, version: 2, text: "x".repeat(600) })).toMatchObject({
      code: "SPENDING_CAP_REACHED",
    });
    expect(await read(id)).toMatchObject({ version: 2, text: "x".repeat(161) });
    expect(await update({ id, version: 2, text: "Short" })).toMatchObject({ version: 3 });
    await limit("100000");
  });
});

describe("a text that is changed while other things happen", () => {
  it("goes to everyone or to nobody, whenever the campaign begins meanwhile", async () => {
    const recipients = Array.from({ length: 150 }, (_, index) => ({
      to: `+42190320${String(index).padStart(3, "0")}0`,
      values: { name: `N${index}` },
    }));
    for (let round = 0; round < 4; round++) {
      const id = await scheduled({ recipients });
      const [campaignId, begin] = [decodeId("Campaign", id), round % 2 === 0];
      if (begin)
        await query("update campaigns set scheduled_at = now() where id = $1 and status = 'SCHEDULED'", [
          campaignId,
        ]);
      const answers = await Promise.all([
        update({ id, version: 1, text: "New {{name}}" }),
        update({ id, version: 1, text: "Newer {{name}}" }),
        ...(begin ? [] : [change("pauseCampaign", id).then(() => change("resumeCampaign", id))]),
      ]);
      await query("update campaigns set scheduled_at = now() where id = $1 and status = 'SCHEDULED'", [
        campaignId,
      ]);
      await expect.poll(async () => (await read(id)).status, { timeout: 30_000 }).toBe("COMPLETED");
      const { text, version } = await read(id);
      const changes = answers.filter((one) => (one as View | undefined)?.version === 2);
      expect(changes.length).toBe(version - 1);
      const rows = await query<{ text: string; recipient: string }>(
        "select text, recipient from messages where campaign_id = $1",
        [campaignId],
      );
      const word = text.split(" ")[0] ?? "";
      expect(rows.map((row) => row.text).toSorted()).toEqual(
        recipients.map(({ values }) => `${word} ${values.name}`).toSorted(),
      );
    }
  });

  it("is finished by a job when its process died, and nothing is sent before", async () => {
    const id = await scheduled();
    const campaignId = decodeId("Campaign", id);
    await query("update campaigns set text = 'Rescued {{name}}', rewritten_to = $2 where id = $1", [
      campaignId,
      minUuid,
    ]);
    await query("update campaigns set scheduled_at = now() where id = $1", [campaignId]);
    await expect.poll(async () => (await read(id)).status).toBe("RUNNING");
    expect((await read(id)).counts.scheduled).toBe(2);
    await query(
      "select graphile_worker.add_job('rewrite-campaign', json_build_object('campaignId', $1::text))",
      [campaignId],
    );
    await expect.poll(async () => (await read(id)).status, { timeout: 20_000 }).toBe("COMPLETED");
    expect(textsOf(await read(id))).toEqual(["Rescued Eva", "Rescued Jan"]);
  });
});
