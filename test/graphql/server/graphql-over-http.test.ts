import { serverAudits } from "graphql-http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestApp, type TestApp } from "../../support/app.ts";

let app: TestApp;

beforeAll(async () => {
  app = await startTestApp({ runsWorker: false });
});

afterAll(() => app.stop());

const withKey: typeof fetch = (input, init) => {
  const headers = new Headers(init?.headers);
  headers.set("authorization", `Bearer ${app.key}`);
  return fetch(input, { ...init, headers });
};

describe.each([
  { caller: "without a key", fetchFn: fetch },
  { caller: "with a key", fetchFn: withKey },
])("GraphQL over HTTP, $caller", ({ fetchFn }) => {
  it.each(serverAudits({ url: () => `${app.url}/graphql`, fetchFn }))(
    "GraphQL over HTTP audit $id: $name",
    async ({ fn }) => {
      const result = await fn();
      expect(result.status, "reason" in result ? result.reason : "").toBe("ok");
    },
  );
});
