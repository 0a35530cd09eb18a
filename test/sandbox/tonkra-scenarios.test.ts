import { describe, expect, it, onTestFinished } from "vitest";
import { createProviderHttp } from "../../src/providers/http.ts";
import type { ProviderClient, Submission } from "../../src/providers/provider.ts";
import { tonkra } from "../../src/providers/tonkra/index.ts";
import { tonkraScenarios, type TonkraSandbox } from "../../src/sandbox/tonkra/index.ts";
import { checked } from "../providers/serve-answers.ts";
import { submission } from "../providers/tonkra-fixtures.ts";
import { createManualClock } from "./manual-clock.ts";
import { at, textAt } from "./tikosms-client.ts";
import { call, startSandbox, toScenario } from "./tonkra-setup.ts";
import { reconcileOne } from "../providers/reconcile-one.ts";

function openClient(sandbox: TonkraSandbox, api: "HTTP" | "V3"): ProviderClient {
  const settings = tonkra.settings.parse({ baseUrl: sandbox.url, apiToken: sandbox.token, api });
  const http = createProviderHttp({ origin: sandbox.url, totalTimeoutMs: 300 });
  onTestFinished(() => void http.close());
  return tonkra.createClient(settings, http);
}

const toSuffix = (suffix: string): Submission => ({ ...submission, to: checked(`+31612345${suffix}`) });

/** As the rest of smsgraph would: once more where that is allowed, else by asking. Gives the last status. */
async function follow(client: ProviderClient, message: Submission): Promise<string> {
  const attemptedAt = new Date();
  let outcome = await client.submit(message);
  if (outcome.kind === "retryable") outcome = await client.submit(message);
  if (outcome.kind === "rejected") return outcome.status;
  if (outcome.kind === "retryable") return "QUEUED";
  let providerMessageId = outcome.kind === "accepted" ? outcome.providerMessageId : undefined;
  if (outcome.kind === "ambiguous") {
    const found = await reconcileOne(client, { ...message, attemptedAt });
    if (found.kind !== "found") return "OUTCOME_UNKNOWN";
    ({ providerMessageId } = found);
  }
  const { messageId, to } = message;
  const reply = await client.lookUp([{ messageId, to, ...(providerMessageId && { providerMessageId }) }]);
  return (reply.ok && reply.value[0]?.status) || "SUBMITTED";
}

describe.each(["HTTP", "V3"] as const)("the adapter under %s", (api) => {
  it.each(tonkraScenarios)(
    "the Tonkra adapter and its sandbox agree: scenario $suffix, $name, ends $expected",
    async ({ suffix, expected }) => {
      const sandbox = await startSandbox();
      expect(await follow(openClient(sandbox, api), toSuffix(suffix))).toBe(expected);
      const sends = sandbox.requests.filter(({ path }) => path.endsWith("/sms/send"));
      expect(sends).toHaveLength(suffix === "010" || suffix === "033" ? 2 : 1);
    },
  );

  it.each(["000", "001", "009", "012", "031", "032"])(
    "the scenario %s of Tonkra ends the same at an old installation",
    async (suffix) => {
      const sandbox = await startSandbox({ variant: { version: "old" } });
      const expected = tonkraScenarios.find((scenario) => scenario.suffix === suffix)?.expected;
      expect(await follow(openClient(sandbox, api), toSuffix(suffix))).toBe(expected);
    },
  );

  it("the Tonkra adapter checks the connection, and reads the balance in each of its forms", async () => {
    const sandbox = await startSandbox({ variant: { timeZone: "Africa/Lagos" } });
    const client = openClient(sandbox, api);
    const detail = "profile found, its time zone is Africa/Lagos";
    expect(await client.check()).toEqual({ ok: true, value: { detail } });
    expect(await client.balance()).toEqual({ ok: true, value: { units: "4250" } });
    const money = await startSandbox({ variant: { balance: "money" } });
    expect(await openClient(money, api).balance()).toEqual({ ok: true, value: { units: "4250.50" } });
    const unlimited = await startSandbox({ variant: { balance: "unlimited" } });
    expect(await openClient(unlimited, api).balance()).toMatchObject({ ok: false });
  });
});

describe("the suffixes", () => {
  it("every suffix of Tonkra is there once", () => {
    const suffixes = tonkraScenarios.map(({ suffix }) => suffix);
    expect(suffixes).toEqual([...new Set(suffixes)].toSorted());
  });
});

interface OnTheWire {
  status: number;
  body: unknown;
}

const refusal = (status: number, message: unknown = expect.any(String)): OnTheWire => ({
  status,
  body: { status: "error", message },
});
const taken: OnTheWire = { status: 200, body: expect.objectContaining({ status: "success" }) };

describe("on the wire", () => {
  it.each<[string, OnTheWire, string | undefined]>([
    ["000", taken, "Delivered"],
    ["001", taken, "Undelivered"],
    ["002", taken, "Expired"],
    ["003", taken, "Rejected"],
    ["004", taken, "Unknown"],
    ["005", taken, "Sent"],
    ["010", { status: 429, body: { message: "Too Many Attempts." } }, undefined],
    ["011", { status: 500, body: { message: "Server Error" } }, undefined],
    ["012", { status: 500, body: { message: "Server Error" } }, "Delivered"],
    ["013", refusal(403, expect.stringContaining("31612345013")), undefined],
    ["014", refusal(403, expect.stringContaining("31612345014")), undefined],
    ["015", { status: 200, body: expect.stringMatching(/"sms_count": 1,\n {2}\},\n\}$/) }, "Delivered"],
    ["016", taken, "Delivered"],
    ["018", refusal(200), undefined],
    ["019", { status: 200, body: expect.stringContaining("<html>") }, "Delivered"],
    ["030", taken, "Undelivered"],
    ["031", refusal(403, "Failed"), "Failed"],
    ["032", refusal(403, "Failed"), "Delivered"],
    ["033", refusal(403), undefined],
    [
      "034",
      { status: 200, body: expect.stringContaining('"sms reports with all details",\n}') },
      "Delivered",
    ],
    ["035", refusal(403), undefined],
    ["036", refusal(403), undefined],
    ["037", refusal(404), undefined],
    ["038", refusal(404), undefined],
    ["039", taken, "Message could not be delivered: absent subscriber"],
    ["040", taken, "Skipped"],
    ["041", taken, "Invalid"],
    ["042", taken, "Failed"],
    ["044", taken, "Delivered"],
    ["045", taken, "Delivered"],
    [
      "043",
      { status: 200, body: { status: "success", message: expect.any(String), data: [expect.anything()] } },
      "Delivered",
    ],
    ["567", taken, "Delivered"],
  ])("the scenario %s of Tonkra is played on the wire", async (suffix, expected, word) => {
    const sandbox = await startSandbox();
    expect(await call(sandbox, "POST", "sms/send", { body: toScenario(suffix) })).toMatchObject(expected);
    const list = await call(sandbox, "GET", "sms");
    expect(at(list.body, "data", "data", 0, "status")).toBe(word);
  });

  it.each(["009", "023"])(
    "the scenario %s of Tonkra never answers, and yet has the message",
    async (suffix) => {
      const sandbox = await startSandbox();
      const giveUp = new AbortController();
      const sending = call(sandbox, "POST", "sms/send", {
        body: toScenario(suffix),
        signal: giveUp.signal,
      }).then(
        () => "answered",
        (error: Error) => (error.name === "AbortError" ? "held" : "reset"),
      );
      while (at((await call(sandbox, "GET", "sms")).body, "data", "total") !== 1);
      if (suffix === "009") giveUp.abort();
      expect(await sending).toBe(suffix === "009" ? "held" : "reset");
    },
  );

  it("scenarios 010 and 033 of Tonkra take the second attempt, by number and text", async () => {
    const sandbox = await startSandbox();
    for (const [suffix, status] of [
      ["010", 429],
      ["033", 403],
    ] as const) {
      const attempt = (message: string) =>
        call(sandbox, "POST", "sms/send", { body: { ...toScenario(suffix), message } });
      expect(await attempt("one")).toMatchObject({ status });
      expect(await attempt("two")).toMatchObject({ status });
      expect(await attempt("one")).toMatchObject(taken);
      expect(await attempt("one")).toMatchObject({ status });
    }
  });

  it("scenario 024 of Tonkra takes about ten seconds, 030 turns, 016 passes through unknown", async () => {
    const clock = createManualClock("2025-05-29T16:07:41Z");
    const sandbox = await startSandbox({ clock, reportMs: 1_000 });
    const uids: string[] = [];
    for (const suffix of ["024", "030", "016"]) {
      const sent = await call(sandbox, "POST", "sms/send", { body: toScenario(suffix) });
      expect(at(sent.body, "data", "status")).toBe("Delivered");
      uids.push(textAt(sent.body, "data", "uid"));
    }
    const words = async () => {
      const views = await Promise.all(uids.map((uid) => call(sandbox, "GET", `sms/${uid}`)));
      return views.map(({ body }) => at(body, "data", "status"));
    };
    expect(await words()).toEqual(["Sent", "Delivered", "Sent"]);
    clock.advance(1_000);
    expect(await words()).toEqual(["Sent", "Undelivered", "Unknown"]);
    clock.advance(1_000);
    expect(await words()).toEqual(["Sent", "Undelivered", "Delivered"]);
    clock.advance(10_500);
    expect(await words()).toEqual(["Delivered", "Undelivered", "Delivered"]);
  });
});
