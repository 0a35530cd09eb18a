import { afterAll, beforeAll, expect, it } from "vitest";
import { startTestApp, type TestApp } from "../../support/app.ts";
import { nobody } from "../../support/mutations.ts";

let app: TestApp;

beforeAll(async () => {
  app = await startTestApp({ runsWorker: false });
});

afterAll(() => app.stop());

interface Asked {
  body: string | Uint8Array<ArrayBuffer>;
  headers?: Record<string, string>;
}

const named = "query Named($id: ID!) { message(id: $id) { id } }";
const json = (params: object): Asked => ({ body: JSON.stringify(params) });

const requests: Record<string, Asked> = {
  "a query": json({ query: "{ viewer { keyName } }" }),
  "a query with variables": json({
    query: named,
    variables: { id: nobody("Message") },
    operationName: "Named",
  }),
  "a query without a variable that it needs": json({ query: named }),
  "an operation that the document does not have": json({ query: named, operationName: "Other" }),
  "a syntax error": json({ query: "{" }),
  "a field that does not exist": json({ query: "{ nothing }" }),
  "an id of another type": json({ query: named, variables: { id: nobody("Provider") } }),
  "a change that is refused": json({
    query: `mutation { cancelMessage(id: "${nobody("Message")}") { __typename } }`,
  }),
  "a parameter that does not exist": json({ query: "{ __typename }", more: 1 }),
  "only the hash of a query": json({ extensions: { persistedQuery: { version: 1, sha256Hash: "00" } } }),
  "a subscription": json({ query: "subscription { messageEvents { event { id } } }" }),
  "a name with the word subscription": json({ query: "{ subscription: __typename }" }),
  "more than 64 KB": json({ query: "{ __typename }", extensions: { padding: "x".repeat(70_000) } }),
  "JSON that ends early": { body: '{"query":' },
  "a list": { body: '[{"query":"{ __typename }"}]' },
  "a byte order mark": { body: `\u{feff}${JSON.stringify({ query: "{ __typename }" })}` },
  "bytes that are not UTF-8": { body: new Uint8Array([0x7b, 0xff, 0x7d]) },
  "a wrong key": { ...json({ query: "{ __typename }" }), headers: { authorization: "Bearer wrong" } },
  "a header that is no key": { ...json({ query: "{ __typename }" }), headers: { authorization: "Basic x" } },
};

const forms = [
  "*/*",
  "application/json",
  "application/graphql-response+json",
  "application/graphql-response+json,application/json;q=0.9",
  "application/json; charset=latin1",
  "text/html",
];

/** With a `?`, Yoga answers from the first byte on. */
async function answer(path: string, { body, headers }: Asked, accept: string) {
  const all = { ...app.client.headers, "content-type": "application/json", accept, ...headers };
  const response = await fetch(app.url + path, { method: "POST", headers: all, body });
  const type = response.headers.get("content-type");
  const challenge = response.headers.get("www-authenticate");
  return { status: response.status, type, challenge, body: await response.text() };
}

it.each(Object.entries(requests))("a plain POST of %s gets the answer that Yoga gives", async (_, asked) => {
  for (const accept of forms)
    expect(await answer("/graphql", asked, accept), accept).toEqual(await answer("/graphql?", asked, accept));
});

it("a plain POST without a key gets the answer that Yoga gives", async () => {
  for (const query of ["{ __typename }", "{ viewer { keyName } }"]) {
    const [plain, other] = await Promise.all(
      ["/graphql", "/graphql?"].map(async (path) => {
        const headers = { "content-type": "application/json" };
        const response = await fetch(app.url + path, {
          method: "POST",
          headers,
          body: JSON.stringify({ query }),
        });
        return { status: response.status, body: await response.text() };
      }),
    );
    expect(plain).toEqual(other);
  }
});
