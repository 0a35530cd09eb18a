import { describe, expect, test } from "vitest";
import type { UncertainSubmission } from "../../src/providers/provider.ts";
import type { Seen } from "./local-server.ts";
import { walkList } from "../../src/providers/tonkra/list.ts";
import type { Reply, Transport } from "../../src/providers/tonkra/transport.ts";
import { type Answer, checked, json } from "./serve-answers.ts";
import { connect, fixture, messageId, submission, token } from "./tonkra-fixtures.ts";
import { reconcileOne, supportOf } from "./reconcile-one.ts";

const uid = "606812e63f78b";
const message = { messageId, to: checked("+31612345678"), providerMessageId: uid };
const viewed = JSON.parse(fixture("real.view.200.json"));

describe("looking up", () => {
  test("a message by its uid, with the token in the body as documented, and in the query", async () => {
    const { client, requests } = await connect(() => ({ body: fixture("real.view.200.json") }));
    expect(await client.lookUp([message])).toEqual({
      ok: true,
      value: [
        {
          providerMessageId: uid,
          clientRef: messageId,
          status: "DELIVERED",
          providerStatus: "Delivered",
          part: 1,
          parts: 1,
          cost: "1",
        },
      ],
    });
    expect(requests).toMatchObject([
      {
        method: "GET",
        path: `/api/http/sms/${uid}`,
        query: { api_token: token },
        headers: { accept: "application/json", "content-type": "application/json" },
        body: JSON.stringify({ ...JSON.parse(fixture("token.request.json")), api_token: token }),
      },
    ]);
  });

  test("a look-up at Tonkra under v3 has the token in the header alone", async () => {
    const { client, requests } = await connect(() => ({ body: fixture("real.view.200.json") }), {
      api: "V3",
    });
    expect(await client.lookUp([message])).toHaveProperty("value.length", 1);
    expect(requests).toMatchObject([
      { path: `/api/v3/sms/${uid}`, query: {}, headers: { authorization: `Bearer ${token}` }, body: "" },
    ]);
  });

  test.each<[string, object, object]>([
    ["old words", { status: "Delivered|gw-1" }, { status: "DELIVERED", providerStatus: "Delivered|gw-1" }],
    ["the other key", { status: null, customer_status: "Expired" }, { status: "EXPIRED" }],
    ["a number for a cost", { cost: 1.25 }, { cost: "1.25" }],
    ["many segments", { sms_count: 3 }, { part: 1, parts: 1 }],
    [
      "a time, while on its way",
      { status: "Sent", sent_at: "2025-05-29 16:07:41" },
      { occurredAt: new Date("2025-05-29T15:07:41Z") },
    ],
    ["no time of delivery", { sent_at: "2025-05-29 16:07:41" }, { occurredAt: undefined }],
    ["no uid of its own", { uid: null }, { providerMessageId: uid }],
    ["a failure", { status: "Undelivered" }, { failure: { code: "undelivered", permanent: false } }],
  ])("a look-up at Tonkra reads: %s", async (_name, change, receipt) => {
    const { client } = await connect(() => json({ ...viewed, data: { ...viewed.data, ...change } }), {
      timeZone: "Africa/Lagos",
    });
    expect(await client.lookUp([message])).toMatchObject({ ok: true, value: [receipt] });
  });

  test.each<[string, Answer]>([
    ["not found", json({ status: "error", message: "SMS Info not found" }, 404)],
    ["not found, under 200", json({ status: "error", message: "SMS Info not found" })],
    ["no such model", json({ message: "No query results for model [Reports] 606812e63f78b" }, 404)],
    ["the documented placeholder", { body: fixture("view.200.unrendered.txt") }],
    ["no data", json({ status: "success", data: null })],
    ["somebody else's", json({ ...viewed, data: { ...viewed.data, uid: "other" } })],
    ["no status", json({ ...viewed, data: { ...viewed.data, status: " " } })],
  ])("a look-up at Tonkra learns nothing from: %s", async (_name, answer) => {
    const { client } = await connect(() => answer);
    expect(await client.lookUp([message])).toEqual({ ok: true, value: [] });
  });

  test("a look-up at Tonkra never asks without an id", async () => {
    const { client, requests } = await connect(() => ({}));
    expect(await client.lookUp([{ messageId, to: message.to, providerBatchId: "b" }])).toEqual({
      ok: true,
      value: [],
    });
    expect(requests).toEqual([]);
  });

  test("a look-up at Tonkra stops at the first problem, and says so", async () => {
    const { client, requests } = await connect(() => ({ body: fixture("real.token.200.json") }));
    const many = Array.from({ length: 20 }, () => message);
    expect(await client.lookUp(many)).toMatchObject({ ok: false, problem: { kind: "unauthenticated" } });
    expect(requests.length).toBeLessThanOrEqual(4);
  });

  test("a look-up at Tonkra that cannot be read does not cost what is known of the other messages", async () => {
    const { client, requests } = await connect(({ path }) =>
      path.endsWith("odd")
        ? { body: "<html>" }
        : json({ ...viewed, data: { ...viewed.data, uid: path.split("/").at(-1) } }),
    );
    const ids = ["odd", ...Array.from({ length: 19 }, (_, index) => `uid-${index}`)];
    const many = ids.map((providerMessageId) => ({ ...message, providerMessageId }));
    expect(await client.lookUp(many)).toHaveProperty("value.length", 19);
    expect(requests).toHaveLength(20);
  });

  test("a look-up at Tonkra keeps what was learnt before a problem", async () => {
    let answers = 0;
    const { client } = await connect(() =>
      answers++ === 0 ? { body: fixture("real.view.200.json") } : { status: 503 },
    );
    const many = Array.from({ length: 20 }, () => message);
    expect(await client.lookUp(many)).toHaveProperty("value.length", 1);
    expect(answers).toBeLessThanOrEqual(8);
  });

  test("an odd id stays within its path", async () => {
    const { client, requests } = await connect(() => ({ status: 404, body: fixture("error.json") }));
    await client.lookUp([{ ...message, providerMessageId: "../me?x=1#" }]);
    expect(requests.map((seen) => seen.path)).toEqual(["/api/http/sms/..%2Fme%3Fx%3D1%23"]);
  });
});

describe("reconciling", () => {
  const uncertain: UncertainSubmission = { ...submission, attemptedAt: new Date("2025-05-29T16:07:00Z") };
  const listed = JSON.parse(fixture("real.list.200.json"));
  const [row] = listed.data.data;
  const pageOf = (rows: object[], current = 1, last = 1) =>
    json({ ...listed, data: { ...listed.data, current_page: current, last_page: last, data: rows } });
  const found = { kind: "found", providerMessageId: row.uid };

  test("a reconciliation at Tonkra finds the row of the documented page", async () => {
    const { client, requests } = await connect(() => ({ body: fixture("real.list.200.json") }));
    expect(await reconcileOne(client, uncertain)).toEqual({
      ...found,
      receipts: [
        {
          providerMessageId: row.uid,
          clientRef: messageId,
          status: "DELIVERED",
          providerStatus: "Delivered",
          occurredAt: undefined,
          part: 1,
          parts: 1,
          cost: "1",
          failure: undefined,
        },
      ],
    });
    expect(requests).toMatchObject([
      {
        method: "GET",
        path: "/api/http/sms",
        query: {
          page: "1",
          start_date: "2025-05-29 16:05:00",
          end_date: "2025-05-29 16:22:00",
          timezone: "UTC",
          api_token: token,
        },
        body: JSON.stringify({ api_token: token }),
      },
    ]);
  });

  test("a reconciliation at Tonkra reads and asks in the connection's zone", async () => {
    const { client, requests } = await connect(() => pageOf([{ ...row, sent_at: "2025-05-29 17:07:41" }]), {
      timeZone: "Africa/Lagos",
    });
    expect(await reconcileOne(client, uncertain)).toMatchObject(found);
    expect(requests[0]?.query).toMatchObject({ start_date: "2025-05-29 17:05:00", timezone: "Africa/Lagos" });
  });

  test.each<[string, object, boolean]>([
    ["as it is", {}, true],
    ["an old row without a time", { sent_at: null }, true],
    ["a number with punctuation", { to: "+31 6 1234-5678" }, true],
    ["white space at the ends", { message: " This is a test message\r\n" }, true],
    ["no status yet", { status: null }, true],
    ["at the first moment", { sent_at: "2025-05-29 16:05:00" }, true],
    ["at the last moment", { sent_at: "2025-05-29 16:22:00" }, true],
    ["too early", { sent_at: "2025-05-29 16:04:59" }, false],
    ["too late", { sent_at: "2025-05-29 16:22:01" }, false],
    ["another number", { to: "31612345679" }, false],
    ["another sender", { from: "Another" }, false],
    ["another text", { message: "This is a test message!" }, false],
    ["no number", { to: null }, false],
  ])("reconciliation at Tonkra compares %s: %j %s", async (_name, change, isOurs) => {
    const { client } = await connect(() => pageOf([{ ...row, ...change }]));
    expect(await reconcileOne(client, uncertain)).toMatchObject(isOurs ? found : { kind: "absent" });
  });

  test("a sender of digits may lose its plus sign", async () => {
    const { client } = await connect(() => pageOf([{ ...row, from: "31600000000" }]));
    expect(await reconcileOne(client, { ...uncertain, from: "+31600000000" })).toMatchObject(found);
  });

  test("reconciliation at Tonkra does not tell two equal messages apart, unless one is claimed", async () => {
    const { client } = await connect(() => pageOf([row, { ...row, uid: "another" }]));
    expect(await reconcileOne(client, uncertain)).toMatchObject({ kind: "unavailable" });
    expect(await reconcileOne(client, { ...uncertain, claimedIds: ["another"] })).toMatchObject(found);
    expect(await reconcileOne(client, { ...uncertain, claimedIds: ["another", row.uid] })).toEqual({
      kind: "absent",
    });
  });

  /** Pages of 25 rows of others, with ours as the last one of the last page. */
  function pages(last: number, others: object = {}) {
    return ({ query }: Seen): Answer => {
      const page = Number(query["page"]);
      const rows = Array.from({ length: 25 }, (_, index) => ({
        ...row,
        to: "1",
        uid: `${page}-${index}`,
        ...others,
      }));
      return pageOf(page === last ? [...rows, row] : rows, page, last);
    };
  }

  test("reconciliation at Tonkra turns the pages by number, and never follows an address", async () => {
    const { client, requests } = await connect(pages(3));
    expect(await reconcileOne(client, uncertain)).toMatchObject(found);
    expect(requests.map((seen) => [seen.path, seen.query["page"]])).toEqual([
      ["/api/http/sms", "1"],
      ["/api/http/sms", "2"],
      ["/api/http/sms", "3"],
    ]);
  });

  test("a row that moved to the next page meanwhile is one row", async () => {
    const { client } = await connect(({ query }) => pageOf([row], Number(query["page"]), 2));
    expect(await reconcileOne(client, uncertain)).toMatchObject(found);
  });

  test("a reconciliation at Tonkra stops where the messages are older than ours", async () => {
    const { client, requests } = await connect(pages(9, { sent_at: "2025-05-29 16:00:00" }));
    expect(await reconcileOne(client, uncertain)).toEqual({ kind: "absent" });
    expect(requests).toHaveLength(1);
  });

  test("a list whose pages do not turn is not absence", async () => {
    const { client, requests } = await connect(() => pageOf([{ ...row, to: "421900000000" }], 1, 1000));
    expect(await reconcileOne(client, uncertain)).toMatchObject({ kind: "unavailable" });
    expect(requests).toHaveLength(4);
  });

  /** A list of so many messages, the newest first, 25 to a page, as long as the time between two is a second. */
  function listOf(count: number, textOf: (index: number) => string) {
    const newest = uncertain.attemptedAt.getTime() + count * 500;
    const rows = Array.from({ length: count }, (_, index) => ({
      ...row,
      uid: `uid-${index}`,
      to: `${421900000000 + index}`,
      message: textOf(index),
      sent_at: new Date(newest - index * 1_000).toISOString().slice(0, 19).replace("T", " "),
    }));
    const serve = ({ query }: { query: Record<string, string> }) => {
      const page = Number(query["page"]);
      return pageOf(rows.slice((page - 1) * 25, page * 25), page, Math.ceil(count / 25));
    };
    return { rows, serve };
  }

  test("a reconciliation at Tonkra finds 300 of 1,200 with one walk through the list, and gives each its own", async () => {
    const { rows, serve } = listOf(1_200, (index) => `Hello ${index}`);
    const { client, requests } = await connect(serve);
    const lost = rows
      .filter((_, index) => index % 4 === 1)
      .map((one) => ({
        ...uncertain,
        messageId: one.uid,
        to: checked(`+${one.to}`),
        text: one.message,
        attemptedAt: new Date(`${one.sent_at.replace(" ", "T")}Z`),
      }));
    const absent = { ...uncertain, messageId: "absent", text: "Never sent" };
    const outcomes = await client.reconcile([...lost, absent], supportOf());
    const wanted = lost.map((one) => ({ kind: "found", providerMessageId: one.messageId }));
    expect(outcomes).toMatchObject([...wanted, { kind: "absent" }]);
    expect(requests.length).toBeLessThanOrEqual(48);
  });

  test("pages that are read ahead of the one before them lose no row while others are added", async () => {
    const rows = Array.from({ length: 1_000 }, (_, index) => ({
      ...row,
      uid: `uid-${index}`,
      to: `${421900000000 + index}`,
    }));
    const seen: number[] = [];
    const pageNow = (page: number): string => {
      rows.unshift({ ...row, to: "421911111111", uid: `new-${page}-${rows.length}` });
      seen.push(page);
      const data = rows.slice((page - 1) * 25, page * 25);
      const last_page = Math.ceil(rows.length / 25);
      const listing = { ...listed.data, current_page: page, last_page, total: rows.length, data };
      return JSON.stringify({ ...listed, data: listing });
    };
    const serve =
      ({ query }: { query: Record<string, string> }): Answer =>
      (response) => {
        const page = Number(query["page"]);
        // Of those that are asked for together, the later ones are read first.
        setTimeout(
          () => response.writeHead(200, { "content-type": "application/json" }).end(pageNow(page)),
          8 - 2 * (page % 4),
        );
      };
    const { client } = await connect(serve);
    const lost = rows.map((one) => ({ ...uncertain, messageId: one.uid, to: checked(`+${one.to}`) }));
    const outcomes = await client.reconcile(lost, supportOf());
    expect(outcomes).toHaveLength(1_000);
    expect(outcomes.filter(({ kind }) => kind !== "found")).toEqual([]);
    expect(new Set(seen).size).toBeLessThan(seen.length);
  });

  test("a walk whose pages ahead cannot be asked for ends with that error, and the process goes on", async () => {
    const asked: number[] = [];
    const list = async (_path: string, { page = "" }: Readonly<Record<string, string>>): Promise<Reply> => {
      asked.push(Number(page));
      if (Number(page) > 8) throw new Error("the database has gone");
      const rows = Array.from({ length: 25 }, (_, index) => ({ ...row, uid: `${page}-${index}` }));
      const data = { ...listed.data, current_page: page, last_page: "100", total: "2500", data: rows };
      return {
        kind: "answer",
        status: 200,
        json: { ...listed, data },
        verdict: "success",
        message: undefined,
        errorText: "",
      };
    };
    const transport: Transport = { list, get: list, post: () => Promise.reject(new Error("not asked for")) };
    const walk = walkList(transport, { filters: {}, isPast: () => false, take: () => undefined });
    await expect(walk).rejects.toThrow("the database has gone");
    expect(Math.max(...asked)).toBeGreaterThan(9);
  });

  test("messages from people in a list without an end are read up to a bound, and from one that breaks off as far as it goes", async () => {
    const sentAt = new Date(Date.now() - 60_000).toISOString().slice(0, 19).replace("T", " ");
    const incoming = (page: number, said: string): object[] =>
      Array.from({ length: 25 }, (_, index) => ({
        ...row,
        uid: `${page}-${index}`,
        direction: "incoming",
        sent_at: sentAt,
        message: said,
      }));
    const endless = await connect(({ query }) =>
      pageOf(incoming(Number(query["page"]), "long ".repeat(10_000)), Number(query["page"]), 100_000),
    );
    const since = new Date(Date.now() - 3_600_000);
    const all = await endless.client.readInbound?.(since);
    expect(all).toMatchObject({ ok: true, value: { isComplete: true } });
    expect(endless.requests.length).toBeLessThan(20);
    const broken = await connect(({ query }) =>
      Number(query["page"]) < 3
        ? pageOf(incoming(Number(query["page"]), "short"), Number(query["page"]), 4)
        : json({ message: "Server Error" }, 500),
    );
    const part = await broken.client.readInbound?.(since);
    expect(part).toMatchObject({ ok: true, value: { isComplete: false } });
    expect(part?.ok === true && part.value.readings.length).toBe(50);
  });

  test("a reconciliation at Tonkra gives messages that look the same one row each, and none twice", async () => {
    const rows = ["one", "two"].map((id) => ({ ...row, uid: id }));
    const { client } = await connect(() => pageOf(rows, 1, 1));
    const three = ["a", "b", "c"].map((id) => ({ ...uncertain, messageId: id }));
    const outcomes = await client.reconcile(three, supportOf());
    const ids = outcomes.flatMap((outcome) => (outcome.kind === "found" ? [outcome.providerMessageId] : []));
    expect(new Set(ids)).toEqual(new Set(["one", "two"]));
    expect(ids).toHaveLength(2);
    expect(outcomes.filter(({ kind }) => kind === "absent")).toHaveLength(1);
    const two = await client.reconcile(three.slice(0, 1), supportOf());
    expect(two).toMatchObject([{ kind: "unavailable" }]);
  });

  test("a reconciliation at Tonkra asks again without the filters where they are refused", async () => {
    const { client, requests } = await connect(({ query }) =>
      query["timezone"] === undefined ? pageOf([row]) : json({ status: "error", message: "Zone" }, 422),
    );
    expect(await reconcileOne(client, uncertain)).toMatchObject(found);
    expect(requests.map((seen) => Object.keys(seen.query))).toEqual([
      expect.anything(),
      ["api_token", "page"],
    ]);
  });

  test.each<[string, Answer]>([
    ["the documented placeholder", { body: fixture("list.200.printed.txt") }],
    ["an empty page", pageOf([])],
    ["an empty list", json({ status: "success", data: [] })],
    ["no data", json({ status: "success", data: null })],
    ["a 404 of the application", json({ status: "error", message: "SMS Info not found" }, 404)],
    ["rows that are none", pageOf([1 as never, null as never, {}])],
  ])("reconciliation at Tonkra finds a message absent: %s", async (_name, answer) => {
    const { client } = await connect(() => answer);
    expect(await reconcileOne(client, uncertain)).toEqual({ kind: "absent" });
  });

  test.each<[string, Answer]>([
    ["a plain list", json({ status: "success", data: [row] })],
    ["rows by number", json({ ...listed, data: { ...listed.data, data: { 3: row } } })],
  ])("reconciliation at Tonkra reads %s too", async (_name, answer) => {
    const { client } = await connect(() => answer);
    expect(await reconcileOne(client, uncertain)).toMatchObject(found);
  });

  test.each<[string, Answer, string]>([
    ["a fault", { status: 500 }, "unreachable"],
    ["a wrong token", { body: fixture("real.token.200.json") }, "unauthenticated"],
    ["HTML", { body: "<html>", headers: { "content-type": "text/html" } }, "unreadable"],
    ["no route", json({ message: "The route api/http/sms could not be found." }, 404), "refused"],
    ["a refusal of everything", json({ status: "error", message: "x" }, 422), "refused"],
    ["throttling", { status: 429 }, "busy"],
  ])("a problem is not absence: %s", async (_name, answer, kind) => {
    const { client } = await connect(() => answer);
    expect(await reconcileOne(client, uncertain)).toMatchObject({ kind: "unavailable", problem: { kind } });
  });
});
