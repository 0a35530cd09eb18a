import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { once } from "node:events";
import { request, type ClientRequest } from "node:http";
import { text as readText } from "node:stream/consumers";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { decodeId } from "../../../src/lib/global-id.ts";
import { startTestApp, type TestApp } from "../../support/app.ts";
import {
  bodyOf,
  countCampaignRows,
  createDocument,
  nothing,
  upload,
  uploadOf,
  uploadType,
  type UploadParts,
} from "../../support/campaigns.ts";
import { leakIn } from "../../support/leaks.ts";
import { connectProvider } from "../../support/mutations.ts";
import { eventually } from "../../support/process.ts";

let app: TestApp;

beforeAll(async () => {
  app = await startTestApp({ runsWorker: false });
  await connectProvider(app.client, { defaultSender: "smsgraph" });
});

afterAll(async () => {
  await app.client.close();
  await app.stop();
});

afterEach(async () => {
  await app.services.database.pool.query(
    "truncate campaigns, campaign_recipients, refused_recipients, campaign_estimates, campaign_tallies, campaign_routes, message_events, attempts, bulk_attempts cascade",
  );
});

const people = "to;clientRef;name\r\n+421901000001;one;Jana\r\n+421901000002;;Ján\r\n";
const manyRows = (count: number): string =>
  Array.from({ length: count }, (_, index) => `+42191${String(index).padStart(7, "0")},Jana\n`).join("");

describe("how an uploaded file was read", () => {
  const columns = [{ column: "Mobil", as: "to" }];

  it("a dry run of a workbook says which sheet was read, and what each column was read as", async () => {
    const input = {
      text: "Hello {{meno}}",
      columns: [...columns, { column: "Ref", as: "clientRef" }],
      dryRun: true,
    };
    const { data } = await upload(
      app,
      uploadOf(input, readFileSync("test/fixtures/spreadsheets/openpyxl.xlsx")),
    );
    expect(data?.createCampaign).toMatchObject({
      total: 2,
      messages: [{ to: "+421901000001", text: 'Hello Žofia "Ž" Kováčová' }, { text: "Hello Ján; Novák" }],
      file: {
        format: "XLSX",
        encoding: null,
        separator: null,
        sheet: "Ľudia",
        sheets: ["Ľudia", "Other"],
        rows: 4,
        columns: [
          { name: "Mobil", as: "to" },
          { name: "Meno", as: "meno" },
          { name: "Ref", as: "clientRef" },
          { name: "Dátum", as: null },
          { name: "Suma", as: null },
          { name: "VIP", as: null },
        ],
      },
    });
  });

  it("a dry run of CSV says which encoding and separator it has", async () => {
    const file = Buffer.from("Mobil;Meno\n+34601000001;Jos\xe9\n+34601000002;I\xf1igo\n", "latin1");
    const { data } = await upload(app, uploadOf({ text: "Hola {{meno}}", columns, dryRun: true }, file));
    expect(data?.createCampaign).toMatchObject({
      messages: [{ text: "Hola José" }, { text: "Hola Iñigo" }],
      file: {
        format: "CSV",
        encoding: "windows-1252",
        encodingFrom: "CONTENT",
        separator: ";",
        sheet: null,
        rows: 2,
      },
    });
  });

  it("a workbook becomes a campaign from the sheet that is named", async () => {
    const file = readFileSync("test/fixtures/spreadsheets/openpyxl.xlsx");
    const { data } = await upload(app, uploadOf({ sheet: "Other", text: "Hello {{name}}" }, file));
    expect(data?.createCampaign).toMatchObject({ __typename: "Campaign", refusedCount: 0 });
    const wrong = await upload(app, uploadOf({ sheet: "Nowhere" }, file));
    expect(wrong.data?.createCampaign).toMatchObject({ code: "INVALID_INPUT", field: "file" });
  });
});

/** Sends a file as clients do, to `readCampaignFile`. */
async function look(file: string | Buffer, more: object = {}): Promise<unknown> {
  const query = `mutation ($input: ReadCampaignFileInput!) { readCampaignFile(input: $input) {
    ... on CampaignFileHead { format encoding separator sheet sheets columns sample } ... on Error { code message } } }`;
  const form = new FormData();
  form.set("operations", JSON.stringify({ query, variables: { input: { file: null, ...more } } }));
  form.set("map", JSON.stringify({ 0: ["variables.input.file"] }));
  form.set("0", new Blob([typeof file === "string" ? file : new Uint8Array(file)]), "people");
  const response = await fetch(`${app.url}/graphql`, {
    method: "POST",
    headers: app.client.headers,
    body: form,
  });
  return ((await response.json()) as { data: { readCampaignFile: unknown } }).data.readCampaignFile;
}

describe("a look at a file", () => {
  it("the columns and first rows of a file are told whatever they are called, in any encoding, and nothing is stored", async () => {
    const windows1250 = Buffer.from(
      "Meno;Mobil\r\n\x8eofia Kov\xe1\xe8ov\xe1;+421901000001\r\n\r\nJ\xe1n;2\r\n",
      "latin1",
    );
    expect(await look(windows1250, { fileEncoding: "windows-1250" })).toMatchObject({
      format: "CSV",
      separator: ";",
      columns: ["Meno", "Mobil"],
      sample: [
        ["Žofia Kováčová", "+421901000001"],
        ["Ján", "2"],
      ],
    });
    const workbook = readFileSync("test/fixtures/spreadsheets/openpyxl.xlsx");
    const rest = Array.from({ length: 3 }, () => expect.any(Array));
    expect(await look(workbook)).toMatchObject({
      format: "XLSX",
      encoding: null,
      columns: ["Mobil", "Meno", "Ref", "Dátum", "Suma", "VIP"],
      sample: [["421901000001", 'Žofia "Ž" Kováčová', "0012", "2026-12-24", "3.3", "TRUE"], ...rest],
    });
    expect(await look(workbook, { sheet: "Other" })).toMatchObject({
      sheet: "Other",
      columns: ["to", "name"],
    });
    expect(await countCampaignRows(app)).toEqual(nothing);
  });

  it("of a long file only the beginning is read, and what is no table is refused with what to do", async () => {
    expect(await look(`to,name\n${manyRows(20_000)}`)).toMatchObject({
      columns: ["to", "name"],
      sample: Array.from({ length: 5 }, () => [expect.stringMatching(/^.42191/), "Jana"]),
    });
    expect(await look("%PDF-1.7")).toMatchObject({
      code: "INVALID_INPUT",
      message: expect.stringMatching(/PDF.*XLSX/),
    });
    expect(await look("")).toMatchObject({ code: "INVALID_INPUT" });
  });
});

describe("an uploaded file", () => {
  it("an uploaded file becomes a campaign, with rows counted as spreadsheets do", async () => {
    const file = `${people}\r\n0901;x;Bad\r\n+421 901 000 001;again;Jana\r\n+421901000003;three;\r\n+421901000004;four;Eva;5\r\n`;
    const { status, data } = await upload(app, uploadOf({ text: "Hello {{name}}" }, file));
    expect(status).toBe(200);
    expect(data?.createCampaign).toMatchObject({
      __typename: "Campaign",
      duplicatesRemoved: 1,
      refusedCount: 3,
    });
    const campaign = data?.createCampaign;
    expect(campaign?.refusedRecipients.edges.map(({ node }) => node)).toEqual([
      {
        to: "0901",
        row: 5,
        code: "INVALID_PHONE_NUMBER",
        reason: expect.stringContaining("begins with 0"),
      },
      { to: "+421901000003", row: 7, code: "INVALID_TEXT", reason: "There is no value for {{name}}." },
      { to: "+421901000004", row: 8, code: "INVALID_INPUT", reason: "The row has 4 cells, the header 3." },
    ]);
    const rows = await app.services.database.prisma.campaignRecipient.findMany({
      where: { campaignId: decodeId("Campaign", campaign?.id ?? "") },
      orderBy: { position: "asc" },
    });
    expect(rows).toMatchObject([
      { position: 2, recipient: "+421901000001", clientRef: "one", text: "Hello Jana" },
      { position: 3, recipient: "+421901000002", clientRef: null, text: "Hello Ján" },
    ]);
  });

  it("an uploaded file may be large, with repeated numbers far apart", async () => {
    const file = `to,name\n${manyRows(30_000)}${manyRows(100)}`;
    const { data } = await upload(app, uploadOf({ text: "Hello {{name}}" }, file));
    expect(data?.createCampaign).toMatchObject({
      __typename: "Campaign",
      duplicatesRemoved: 100,
      refusedCount: 0,
    });
    expect(await countCampaignRows(app)).toMatchObject({ campaign_recipients: 30_000 });
    const [tally] = await app.services.database.prisma.campaignTally.findMany();
    expect(tally?.delta).toBe(30_000);
  });

  it("an uploaded file can be tried in a dry run that stores nothing", async () => {
    const file = `to,name\n${manyRows(3_000)}${manyRows(10)}bad,Jana\n`;
    const { data } = await upload(app, uploadOf({ text: "Hello {{name}}", dryRun: true }, file));
    expect(data?.createCampaign).toMatchObject({ total: 3_000, duplicatesRemoved: 10, refusedRows: 1 });
    expect(await countCampaignRows(app)).toEqual(nothing);
  });

  it("an idempotency key treats all uploaded files as the same input", async () => {
    const first = await upload(app, uploadOf({ idempotencyKey: "key" }, people));
    const again = await upload(app, uploadOf({ idempotencyKey: "key" }, "anything else"));
    expect(again.data?.createCampaign.id).toBe(first.data?.createCampaign.id);
    const other = await upload(app, uploadOf({ idempotencyKey: "key", name: "Other" }, people));
    expect(other.data?.createCampaign).toMatchObject({ code: "IDEMPOTENCY_CONFLICT" });
  });

  it.each([
    ["an empty file", {}, "", "INVALID_INPUT", /file is empty/],
    ["no column to", {}, "phone\n+421901000001\n", "INVALID_INPUT", /one of them `to`/],
    [
      "a placeholder without a column",
      { text: "Hello {{first}}" },
      people,
      "INVALID_INPUT",
      /\{\{first\}\}.*columns to, clientRef, name/,
    ],
    ["only a header", {}, "to\n", "NO_RECIPIENTS", /no row follows the header/],
    ["bad rows only", {}, "to\n1\n2\n", "NO_RECIPIENTS", /None of the 2 recipients.*Row 2: /],
    [
      "what is no CSV after good rows",
      {},
      `to,name\n${manyRows(5_000)}"+421`,
      "INVALID_INPUT",
      /at line 5002: a quotation mark has no end/,
    ],
    [
      "a list beside it",
      { recipients: [{ to: "+421901000001" }] },
      people,
      "INVALID_INPUT",
      /exactly one of/,
    ],
  ])("an upload with %s is refused and leaves nothing stored", async (_, input, file, code, message) => {
    const { status, data } = await upload(app, uploadOf(input, file));
    expect(status).toBe(200);
    expect(data?.createCampaign).toMatchObject({ code, message: expect.stringMatching(message) });
    expect(await countCampaignRows(app)).toEqual(nothing);
  });
});

const valid = (): UploadParts => uploadOf({}, people);

describe("a multipart request", () => {
  const only = ([...order]: number[]): UploadParts => {
    const { parts: all } = valid();
    return { parts: order.flatMap((index) => (all[index] ? [all[index]] : [])), ends: true };
  };
  const withField = (name: string, body: string): UploadParts => {
    const whole = valid();
    return { ...whole, parts: whole.parts.map((part) => (part[0] === name ? [name, "", body] : part)) };
  };
  const bare = JSON.stringify({ query: "{ __typename }" });

  it.each([
    ["no file", only([0, 1]), 400, /The file is missing/],
    ["no map", only([0, 2]), 400, /must come before the file/],
    ["no operations", only([1, 2]), 400, /must come before the file/],
    ["nothing in it", only([]), 400, /The file is missing/],
    ["the file first", only([2, 0, 1]), 400, /must come before the file/],
    ["the operations twice", only([0, 0, 1, 2]), 400, /and nothing else|must come before/],
    ["operations that are no JSON", withField("operations", "{"), 400, /`operations` must be a JSON object/],
    [
      "operations that are a list",
      withField("operations", `[${bare}]`),
      400,
      /`operations` must be a JSON object/,
    ],
    ["endless operations", withField("operations", " ".repeat(1_100_000)), 413, /more than 262144 bytes/],
    ["a map that is no JSON", withField("map", "x"), 400, /`map` must be a JSON object/],
    [
      "a map of two files",
      withField("map", '{"0":["variables.input.file"],"1":["variables.x"]}'),
      400,
      /one file and one place/,
    ],
    [
      "a map of two places",
      withField("map", '{"0":["variables.input.file","variables.x"]}'),
      400,
      /one file and one place/,
    ],
    ["a map to nowhere", withField("map", '{"0":["variables.input.nowhere"]}'), 400, /there is no null/],
    ["a map to a prototype", withField("map", '{"0":["__proto__.polluted"]}'), 400, /there is no null/],
    [
      "a map to another file",
      withField("map", '{"7":["variables.input.file"]}'),
      400,
      /does not name this file/,
    ],
    [
      "another field",
      { ...valid(), parts: [["more", "", "x"], ...valid().parts] } satisfies UploadParts,
      400,
      /and nothing else/,
    ],
    [
      "a broken end before the file",
      { parts: valid().parts.slice(0, 1), ends: false } satisfies UploadParts,
      400,
      /broke off|missing/,
    ],
  ])("a multipart request with %s is refused", async (_, parts, status, message) => {
    const answer = await upload(app, parts);
    expect(answer).toEqual({
      status,
      errors: [{ message: expect.stringMatching(message), extensions: { code: "BAD_REQUEST" } }],
    });
    expect(leakIn(answer)).toBeUndefined();
    expect(await countCampaignRows(app)).toEqual(nothing);
    expect("polluted" in {}).toBe(false);
  });

  it("a multipart request is refused without a boundary, or when its content is not multipart", async () => {
    const unbounded = await upload(app, valid(), "multipart/form-data");
    expect(unbounded).toMatchObject({
      status: 400,
      errors: [{ message: expect.stringContaining("boundary") }],
    });
    const other = await upload(app, valid(), "multipart/form-data; boundary=other");
    expect(other).toMatchObject({ status: 400 });
  });

  it.each([
    [
      "two files",
      { ...valid(), parts: [...valid().parts, ["1", '; filename="b.csv"', "to\n"]] } satisfies UploadParts,
      /and nothing else/,
    ],
    ["no last boundary", { ...valid(), ends: false } satisfies UploadParts, /broke off.*Send it again/],
  ])("a multipart request with %s is refused after its file was read", async (_, parts, message) => {
    const { status, data } = await upload(app, parts);
    expect(status).toBe(200);
    expect(data?.createCampaign).toMatchObject({
      code: "INVALID_INPUT",
      field: "file",
      message: expect.stringMatching(message),
    });
    expect(await countCampaignRows(app)).toEqual(nothing);
  });

  it("a multipart request needs no file if its operation has none", async () => {
    const answer = await upload(app, {
      parts: [
        ["operations", "", bare],
        ["map", "", "{}"],
      ],
      ends: true,
    });
    expect(answer).toEqual({ status: 200, data: { __typename: "Query" } });
  });

  it("a file can be given only in a multipart request", async () => {
    for (const file of ["text", {}, 7]) {
      const { errors } = await app.client.send(createDocument, { input: { name: "x", text: "x", file } });
      expect(errors).toMatchObject([
        { message: expect.stringContaining("multipart/form-data"), extensions: { code: "BAD_REQUEST" } },
      ]);
    }
  });

  it("an unauthenticated upload is answered before its file has arrived", async () => {
    const response = await fetch(`${app.url}/graphql`, {
      method: "POST",
      headers: { "content-type": uploadType, authorization: "Bearer nobody" },
      body: new Uint8Array(bodyOf(uploadOf({}, `to\n${"+421901000001\n".repeat(200_000)}`))),
    });
    expect(response.status).toBe(401);
  });
});

/** An upload whose request body the test sends itself. */
function open(headers: Record<string, string> = {}): ClientRequest {
  const sending = request(`${app.url}/graphql`, {
    method: "POST",
    headers: { ...app.client.headers, "content-type": uploadType, ...headers },
  });
  sending.on("error", () => undefined);
  return sending;
}

const imported = async (): Promise<number> => (await countCampaignRows(app))["campaign_recipients"] ?? 0;

/** The start of an upload that breaks off within its file. */
const beginning = (input: object, file: string): Buffer => bodyOf({ ...uploadOf(input, file), ends: false });

describe("an upload that does not finish", () => {
  it("an upload leaves nothing stored when its client disconnects", async () => {
    const sending = open();
    sending.write(beginning({ idempotencyKey: "gone" }, `to,name\n${manyRows(20_000)}`));
    await eventually(async () => (await imported()) > 0);
    sending.destroy();
    await eventually(async () => (await countCampaignRows(app))["campaigns"] === 0);
    expect(await countCampaignRows(app)).toEqual(nothing);
    expect(app.log.filter((line) => line.includes('"level":50'))).toEqual([]);
  });

  it("an upload that lacks its end is refused wherever it breaks off, and is no error of ours", async () => {
    for (const rows of [20, 2_000, 20_000]) {
      const body = beginning({}, `to,name\n${manyRows(rows)}`);
      for (const length of [body.length, body.length - 1, body.length - 30]) {
        const sending = open();
        const answered = once(sending, "response");
        sending.end(body.subarray(0, length));
        const [response] = (await answered) as [NodeJS.ReadableStream];
        const { data } = JSON.parse(await readText(response)) as Awaited<ReturnType<typeof upload>>;
        expect(data?.createCampaign).toMatchObject({
          code: "INVALID_INPUT",
          field: "file",
          message: expect.stringMatching(/broke off.*Send it again/),
        });
      }
    }
    expect(await countCampaignRows(app)).toEqual(nothing);
    expect(app.log.filter((line) => line.includes('"level":50'))).toEqual([]);
  });

  it("a repeat during an upload waits for it and returns its campaign", async () => {
    const sending = open();
    sending.write(beginning({ idempotencyKey: "under way" }, `to,name\n${manyRows(20_000)}`));
    await eventually(async () => (await imported()) > 0);
    const repeating = upload(app, uploadOf({ idempotencyKey: "under way" }, people));
    const listed = await app.client.data<{ campaigns: { edges: unknown[] } }>(
      "{ campaigns { edges { node { id } } } }",
    );
    expect(listed.campaigns.edges).toEqual([]);
    const answered = once(sending, "response");
    sending.end(`\r\n--${uploadType.split("boundary=")[1]}--\r\n`);
    const [response] = (await answered) as [NodeJS.ReadableStream];
    const { data } = JSON.parse(await readText(response)) as Awaited<ReturnType<typeof upload>>;
    const repeat = (await repeating).data?.createCampaign;
    expect(repeat).toMatchObject({ __typename: "Campaign", name: "Spring", id: data?.createCampaign.id });
    const other = await upload(app, uploadOf({ idempotencyKey: "under way", text: "Bye" }, people));
    expect(other.data?.createCampaign).toMatchObject({ code: "IDEMPOTENCY_CONFLICT" });
  });

  it("an upload with a bad header is answered at once, however much would follow", async () => {
    const sending = open();
    const answered = once(sending, "response");
    sending.write(beginning({ name: randomUUID() }, `phone,name\n${manyRows(20_000)}`));
    const [response] = (await answered) as [NodeJS.ReadableStream];
    expect(await readText(response)).toContain("one of them `to`");
    sending.destroy();
  });

  it("an upload is refused at once when it declares too many bytes", async () => {
    const sending = open({ "content-length": String(600 * 1024 * 1024) });
    const answered = once(sending, "response");
    sending.write(beginning({}, people));
    const [response] = (await answered) as [NodeJS.ReadableStream & { statusCode: number }];
    expect(response.statusCode).toBe(413);
    expect(await readText(response)).toContain("more than 524288000 bytes");
    sending.destroy();
  });
});
