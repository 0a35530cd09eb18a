import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { shareOfProvider } from "../../src/database/provider-share.ts";
import { decodeId } from "../../src/lib/global-id.ts";
import { maxParkedInbound, sweepParkedInbound } from "../../src/messages/inbound/parked-inbound.ts";
import { maxParkedOfProvider, sweepParked } from "../../src/messages/receipts/parked.ts";
import { startTestApp, type TestApp } from "../support/app.ts";
import { callbackUrlOf, post, queueMessage, update } from "../support/callbacks.ts";
import { connectProvider } from "../support/mutations.ts";

/** How much someone who knows a callback URL can store. */

let app: TestApp;
let providerId: string;
let url: string;

beforeAll(async () => {
  app = await startTestApp({ runsWorker: false });
});

afterAll(() => app.stop());

beforeEach(async () => {
  // Each test has an account with one provider: one with many may keep less for each.
  await query(
    `with other as (insert into accounts (id, name) values (gen_random_uuid(), 'Earlier') returning id)
    update providers set account_id = other.id from other`,
  );
  const id = await connectProvider(app.client, { defaultSender: "smsgraph" });
  providerId = decodeId("Provider", id);
  url = await callbackUrlOf(app, id);
});

const ok = { status: 200, text: "ok\n" };
const refused = { status: 503, text: expect.stringContaining("too much of this kind") };
const query = (text: string, values: unknown[] = []) => app.services.database.pool.query(text, values);

const park = (count: number, checkAt: string) =>
  query(
    `insert into parked_receipts
       (provider_id, provider_message_id, status, provider_status, source, received_at, part, parts, check_at)
     select $1, 'parked ' || n, 'SENT', 'SENT', 'CALLBACK', now(), 1, 1, ${checkAt}
     from generate_series(1, $2) as n`,
    [providerId, count],
  );

const bodies = () => app.services.database.prisma.callback.findMany({ where: { providerId } });

const eventsOf = (messageId: string) =>
  app.services.database.prisma.messageEvent.findMany({ where: { messageId }, orderBy: { id: "asc" } });

const answerSaying = (text: string): string =>
  JSON.stringify({ messageId: "unknown", type: "postback", postback: { text }, timestamp: "1" });

const stranger = () => ({ message_id: randomUUID(), status: "SENT" });

describe("answers to unknown messages", () => {
  it("answers to unknown messages are parked up to a limit, and looked at less and less often", async () => {
    const { connected } = await app.client.data<{ connected: { id: string } }>(
      `mutation { connected: connectProvider(input: { telekom: { name: "Telekom", token: "token", defaultSender: "A" } }) {
        ... on Provider { id }
      } }`,
    );
    const { id } = connected;
    const telekom = decodeId("Provider", id);
    const telekomUrl = await callbackUrlOf(app, id);
    await query(
      `insert into parked_inbound (provider_id, answers_id, reading, source, received_at, check_at)
      select $1, n, '{"text": "Yes"}', 'CALLBACK', now(), now() + interval '1 day' from generate_series(1, $2) as n`,
      [telekom, maxParkedInbound - 1],
    );
    expect(await post(telekomUrl, answerSaying("kept"))).toEqual(ok);
    expect(await post(telekomUrl, answerSaying("one more"))).toEqual(refused);
    expect(await sweepParkedInbound(app.services.database)).toBe(0);
    const { rows } = await query(
      `select answers_id, reading->>'text' as text, checks, check_at > now() as later
      from parked_inbound where provider_id = $1 and checks > 0`,
      [telekom],
    );
    expect(rows).toEqual([{ answers_id: "unknown", text: "kept", checks: 1, later: true }]);
  });
});

describe("receipts of unknown messages", () => {
  it("receipts of unknown messages are parked up to a limit, which does not affect those of known messages", async () => {
    await park(maxParkedOfProvider - 2, "now() + interval '1 day'");
    expect(await post(url, update(stranger(), stranger(), stranger()))).toEqual(ok);
    const { rows } = await query("select count(*)::int from parked_receipts where provider_id = $1", [
      providerId,
    ]);
    expect(rows).toEqual([{ count: maxParkedOfProvider }]);
    expect(await post(url, update(stranger()))).toEqual(refused);
    expect(await bodies()).toHaveLength(1);

    const client_ref = await queueMessage(app);
    const [own] = await app.services.database.prisma.message.findMany({ where: { id: client_ref } });
    const ownUrl = await callbackUrlOf(app, await globalIdOf(own?.providerId ?? ""));
    expect(await post(ownUrl, update({ client_ref, status: "DELIVRD" }, stranger()))).toEqual(ok);
    expect((await eventsOf(client_ref)).map(({ status }) => status)).toEqual(["QUEUED", "DELIVERED"]);
  });

  it("parked receipts are checked when due, all of them, and ever less often", async () => {
    await park(1_300, "now()");
    await query("update parked_receipts set check_at = now() + interval '1 hour' where provider_id <> $1", [
      providerId,
    ]);
    const later = [providerId, "later"];
    await query(
      `insert into parked_receipts
         (provider_id, provider_message_id, status, provider_status, source, received_at, part, parts, check_at)
       values ($1, $2, 'SENT', 'SENT', 'CALLBACK', now(), 1, 1, now() + interval '1 hour')`,
      later,
    );
    expect(await sweepParked(app.services.database)).toBe(0);
    const read = async () =>
      (
        await query(
          `select checks, count(*)::int, min(check_at) > now() as later from parked_receipts
         where provider_id = $1 group by 1 order by 1`,
          [providerId],
        )
      ).rows;
    expect(await read()).toEqual([
      { checks: 0, count: 1, later: true },
      { checks: 1, count: 1_300, later: true },
    ]);
    // The message is known now, but its receipt is not checked before it is due.
    const id = await queueMessage(app);
    await query("update messages set provider_id = $1, provider_message_id = $2 where id = $3", [
      ...later,
      id,
    ]);
    expect(await sweepParked(app.services.database)).toBe(0);
    await query("update parked_receipts set check_at = now() where provider_message_id = 'later'");
    expect(await sweepParked(app.services.database)).toBe(1);
    expect((await eventsOf(id)).map(({ status }) => status)).toEqual(["QUEUED", "SENT"]);
  });
});

const globalIdOf = async (id: string): Promise<string> => {
  const { providers } = await app.client.data<{ providers: { id: string }[] }>("{ providers { id } }");
  return providers.find((provider) => decodeId("Provider", provider.id) === id)?.id ?? "";
};

const fill = (count: number, body: string) =>
  query(
    `insert into callbacks (provider_id, received_at, body, state)
     select $1, now(), $3, 'QUARANTINED' from generate_series(1, $2)`,
    [providerId, count, body],
  );

describe("what is not understood", () => {
  it.each([
    ["bodies", 10_000, "{}"],
    ["bytes", 70, Array.from({ length: 30_000 }, () => randomUUID()).join("")],
  ])(
    "unreadable callbacks are kept up to a limit of %s, which does not affect readable ones",
    async (_, count, body) => {
      await fill(count - 1, "{}");
      expect(await post(url, '{"inbound":{}}')).toEqual(ok);
      await fill(count, body);
      const before = (await bodies()).length;
      expect(await post(url, '{"inbound":{}}')).toEqual(refused);
      expect(await post(url, "no JSON")).toMatchObject({ status: 400 });
      expect(await bodies()).toHaveLength(before);
      const id = await queueMessage(app);
      await query("update messages set provider_id = $1 where id = $2", [providerId, id]);
      const reports = [
        { client_ref: id, status: "DELIVRD" },
        { client_ref: id, status: "SENT", cost: -5 },
      ];
      expect(await post(url, update(...reports))).toEqual(ok);
      expect((await eventsOf(id)).map(({ status }) => status)).toEqual(["QUEUED", "DELIVERED"]);
      const [kept] = (await bodies()).filter(({ state }) => state === "PROCESSED");
      expect(kept?.problem).toContain("make no sense");
    },
  );
});

describe("a receipt that is repeated", () => {
  it("a repeated receipt appears a few times in the timeline and is only counted after that", async () => {
    const client_ref = await queueMessage(app);
    await query("update messages set provider_id = $1 where id = $2", [providerId, client_ref]);
    const report = { client_ref, status: "DELIVRD" };
    expect(await post(url, update(report))).toEqual(ok);
    for (let time = 0; time < 20; time++) expect(await post(url, update(report))).toEqual(ok);
    expect(await post(url, update(...Array.from({ length: 300 }, () => report)))).toEqual(ok);
    const events = await eventsOf(client_ref);
    expect(events.map(({ ignoredReason }) => ignoredReason)).toEqual([
      null,
      null,
      ...Array(3).fill("DUPLICATE"),
    ]);
    expect(await bodies()).toHaveLength(4);
    const metrics = await (await fetch(`${app.url}/metrics`)).text();
    const counted = /smsgraph_receipts\w*\{[^}]*outcome="duplicate"[^}]*\} (\d+)/.exec(metrics);
    expect(Number(counted?.[1])).toBeGreaterThanOrEqual(320);
  });

  it("a repeated receipt that differs only in an irrelevant word is only counted", async () => {
    const client_ref = await queueMessage(app);
    await query("update messages set provider_id = $1 where id = $2", [providerId, client_ref]);
    await post(url, update({ client_ref, status: "DELIVRD" }));
    const words = Array.from({ length: 100 }, (_, index) => ({ client_ref, status: `WORD${index}` }));
    expect(await post(url, update(...words))).toEqual(ok);
    expect(await eventsOf(client_ref)).toHaveLength(2 + 30);
  });
});

it("an account with many providers may park no more than one with four", async () => {
  const { rows } = await query(
    `with account as (insert into accounts (id, name) values (gen_random_uuid(), 'Many') returning id)
    insert into providers (id, account_id, kind, name, settings, secrets)
    select gen_random_uuid(), id, 'TIKOSMS', 'One', '{}', '' from account, generate_series(1, 16) returning id`,
  );
  const shareOf = async (id: unknown): Promise<unknown> =>
    (await query(`select ${shareOfProvider(1_000, "$1::uuid")}::int as share`, [id])).rows[0];
  expect(await shareOf((rows[0] as { id: string }).id)).toEqual({ share: 250 });
  expect(await shareOf(randomUUID())).toEqual({ share: 1_000 });
});
