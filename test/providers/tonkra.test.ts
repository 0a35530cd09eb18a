import { describe, expect, test } from "vitest";
import { testProblems } from "./adapter-tests.ts";
import { type Answer, json } from "./serve-answers.ts";
import { connect, fixture, openClient, submission, token } from "./tonkra-fixtures.ts";

const routeMissing = json({ message: "The route api/http/me could not be found." }, 404);

testProblems({ connect, openClient, submission }, [
  ["401", json({ message: "Unauthenticated." }, 401), "unauthenticated"],
  ["200 with an error", { body: fixture("error.json") }, "unauthenticated"],
  ["403", json({ status: "error", message: "No permission" }, 403), "refused"],
  ["422", json({ status: "error", message: "x" }, 422), "refused"],
  ["429", { status: 429 }, "busy"],
  ["503", { status: 503 }, "busy"],
  ["500", json({ message: "Server Error" }, 500), "unreachable"],
  ["302", { status: 302, headers: { location: "/login" } }, "refused"],
  ["404 of the application", json({ status: "error", message: "Not found" }, 404), "not_found"],
  ["404 of the router", routeMissing, "refused"],
  ["200 in HTML", { body: "<html>", headers: { "content-type": "text/html" } }, "unreadable"],
  ["200 empty", {}, "unreadable"],
  ["200 truncated", { body: fixture("real.balance.200.json").slice(0, 50) }, "unreadable"],
  ["200 without a verdict", json({ data: { remaining_balance: "1" } }), "unreadable"],
  ["a reset", (response) => response.socket?.resetAndDestroy(), "unreachable"],
]);

const printed = (remaining_balance: unknown) => json({ status: "success", data: { remaining_balance } });

describe("the balance", () => {
  test("the balance of Tonkra is in units", async () => {
    const { client, requests } = await connect(() => ({ body: fixture("real.balance.200.json") }));
    expect(await client.balance()).toEqual({ ok: true, value: { units: "4250" } });
    expect(requests).toMatchObject([
      { method: "GET", path: "/api/http/balance", query: { api_token: token } },
    ]);
  });

  test("the balance of Tonkra may have a symbol, and be a number", async () => {
    const withSymbol = await connect(() => printed("₦4,250.50"));
    expect(await withSymbol.client.balance()).toEqual({ ok: true, value: { units: "4250.50" } });
    const asNumber = await connect(() => printed(4250));
    expect(await asNumber.client.balance()).toEqual({ ok: true, value: { units: "4250" } });
  });

  test("the balance of Tonkra that is a word is told as it is", async () => {
    const { client } = await connect(() => printed("Unlimited"));
    expect(await client.balance()).toEqual({
      ok: false,
      problem: {
        kind: "unreadable",
        detail: 'Tonkra gives the balance as "Unlimited", which is not a number.',
      },
    });
  });

  test.each<Answer>([
    json({ status: "success", data: "text" }),
    json({ status: "success", data: {} }),
    printed(null),
  ])("the balance of Tonkra is not there: %j", async (answer) => {
    const { client } = await connect(() => answer);
    expect(await client.balance()).toMatchObject({ ok: false, problem: { kind: "unreadable" } });
  });
});

describe("the check", () => {
  test("the check of a Tonkra connection asks for the profile, and says nothing of the person", async () => {
    const { client, requests } = await connect(() => ({
      body: fixture("real.me.200.json").replace("<API_TOKEN>", token),
    }));
    expect(await client.check()).toEqual({
      ok: true,
      value: { detail: "profile found, its time zone is Africa/Lagos" },
    });
    expect(requests).toMatchObject([{ method: "GET", path: "/api/http/me", query: { api_token: token } }]);
  });

  test("the check of a Tonkra connection is content with a profile that is a placeholder", async () => {
    const { client } = await connect(() => json({ status: "success", data: "profile data" }));
    expect(await client.check()).toEqual({ ok: true, value: { detail: "profile found" } });
  });

  test.each<[string, string]>([
    ["4,250", "balance 4,250"],
    ["Unlimited", "balance Unlimited"],
    ["", "token accepted"],
  ])(
    "the check of a Tonkra connection asks for the balance where there is no profile: %j",
    async (remaining_balance, detail) => {
      const { client } = await connect(({ path }) =>
        path.endsWith("/me") ? routeMissing : json({ status: "success", data: { remaining_balance } }),
      );
      expect(await client.check()).toEqual({ ok: true, value: { detail } });
    },
  );

  test("the check of a Tonkra connection asks for the list where only what is documented is there", async () => {
    const { client, requests } = await connect(({ path }) =>
      path === "/api/http/sms" ? { body: fixture("list.200.printed.txt") } : routeMissing,
    );
    expect(await client.check()).toEqual({ ok: true, value: { detail: "token accepted" } });
    expect(requests.map(({ path }) => path)).toEqual(["/api/http/me", "/api/http/balance", "/api/http/sms"]);
  });

  test("the check of a Tonkra connection is refused by the list, too", async () => {
    const { client } = await connect(({ path }) =>
      path === "/api/http/sms" ? { body: fixture("error.json") } : routeMissing,
    );
    expect(await client.check()).toMatchObject({ ok: false, problem: { kind: "unauthenticated" } });
  });
});

test("there are no rates of Tonkra", async () => {
  const { client, requests } = await connect(() => ({}));
  expect(await client.rates({ mccmnc: "204" })).toEqual({
    ok: false,
    problem: { kind: "refused", detail: "Tonkra has no rates." },
  });
  expect(requests).toEqual([]);
});
