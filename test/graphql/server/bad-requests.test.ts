import { randomUUID } from "node:crypto";
import { connect, type Socket } from "node:net";
import { text as readText } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestApp, type TestApp } from "../../support/app.ts";
import { callbackUrlOf, countRows, post, readCounters, streamed, update } from "../../support/callbacks.ts";
import { leakIn } from "../../support/leaks.ts";
import { connectProvider, nobody } from "../../support/mutations.ts";

let app: TestApp;

beforeAll(async () => {
  app = await startTestApp({ runsWorker: false });
});

afterAll(() => app.stop());

const largest = 30 * 1024 * 1024;
const headers = (): Record<string, string> => ({
  ...app.client.headers,
  "content-type": "application/json",
});
const ask = async (init: RequestInit, path = "/graphql") => {
  const response = await fetch(`${app.url}${path}`, { method: "POST", headers: headers(), ...init });
  const body = await response.text();
  return { status: response.status, ...(JSON.parse(body) as { errors?: object[]; data?: unknown }) };
};
const refusal = (status: number, message: RegExp) => ({
  status,
  errors: [{ message: expect.stringMatching(message), extensions: { code: "BAD_REQUEST" } }],
});
const padded = (bytes: number): string => {
  const body = JSON.stringify({ query: "{ __typename }", extensions: { padding: "" } });
  return body.replace('""', `"${"x".repeat(bytes - body.length)}"`);
};
const inChunks = (body: string): RequestInit =>
  streamed(body.match(/[^]{1,100000}/g)?.map((chunk) => Buffer.from(chunk)) ?? []);

/** A request with a list of one more empty object than that. */
const list = (count: number): string =>
  `{"query":"query ($ids: [ID!]!) { nodes(ids: $ids) { id } }","variables":{"ids":[${"{},".repeat(count)}{}]}}`;

function objectsOf(
  count: number,
  fields: number,
  nameOf: (object: number, field: number) => string,
): object[] {
  const place = Array.from({ length: fields }, (_, field) => field);
  return Array.from({ length: count }, (_, object) =>
    Object.fromEntries(place.map((field) => [nameOf(object, field), count === 1 ? "x".repeat(50) : ""])),
  );
}
const objects = (count: number, fields: number) => objectsOf(count, fields, (_, field) => `name${field}`);
/** Each has other names. */
const newObjects = (count: number, fields: number) =>
  objectsOf(count, fields, (object, field) => (object * fields + field).toString(36));

function open(): Socket {
  return connect(Number(new URL(app.url).port), "127.0.0.1").on("error", () => undefined);
}

async function speak(request: string): Promise<string> {
  const socket = open();
  socket.write(request);
  return readText(socket);
}

describe("a request is refused for", () => {
  it("a body over the size limit is refused, announced or not, but not one exactly at the limit", async () => {
    expect(await ask({ body: padded(largest) })).toMatchObject({ status: 200 });
    expect(await ask(inChunks(padded(largest)))).toMatchObject({ status: 200 });
    const tooLarge = refusal(413, /more than 31457280 bytes\. Send fewer messages at once/);
    expect(await ask({ body: padded(largest + 1) })).toEqual(tooLarge);
    expect(await ask(inChunks(padded(largest + 1)))).toEqual(tooLarge);
    // What is left of it is read at a bounded rate, and for eight seconds at most.
    expect(await ask(inChunks(padded(1.5 * largest)))).toEqual(tooLarge);
    // The connections are still good.
    await Promise.all(Array.from({ length: 20 }, () => app.client.data("{ viewer { keyName } }")));
  });

  it("a body that is no JSON, with the reason and without the body", async () => {
    const body = `{"query":"{ viewer { keyName } }" ${'"a secret text" '.repeat(50_000)}}`;
    for (const init of [{ body }, inChunks(body)]) {
      const response = await fetch(`${app.url}/graphql`, { method: "POST", headers: headers(), ...init });
      const answer = await response.text();
      expect(response.status).toBe(400);
      expect(answer).toMatch(/Expected ',' or '\}' after property value in JSON at position \d+/);
      expect(answer.length).toBeLessThan(1_000);
    }
  });

  it.each([
    ["thousands of fields", () => objects(1, 2_001), /An object in the request has more than 2000 fields/],
    [
      "many objects of many fields",
      () => objects(100, 700),
      /has more than 50000 fields beyond the hundredth of objects, or with/,
    ],
    [
      "objects of ever new fields",
      () => newObjects(240, 90),
      /more than 20000 different beginnings of objects\. Send/,
    ],
  ])("objects that take long to read: %s", async (_what, odd, message) => {
    const body = JSON.stringify({ query: "{ __typename }", variables: { odd: odd() } });
    expect(await ask({ body })).toEqual(refusal(413, message));
    expect(await ask(inChunks(body))).toEqual(refusal(413, message));
  });

  it("objects that take long to read in an upload", async () => {
    const body = new FormData();
    body.set(
      "operations",
      JSON.stringify({ query: "{ __typename }", variables: { odd: newObjects(240, 90) } }),
    );
    body.set("map", "{}");
    const { "content-type": _json, ...known } = headers();
    const refused = refusal(413, /`operations` has more than 20000 different beginnings/);
    expect(await ask({ body, headers: known })).toEqual(refused);
  });

  it("millions of values, announced or not, and a list that is longer than any that is wanted", async () => {
    const tooMany = refusal(413, /a list of more than 250000 entries\. Send fewer at once/);
    const texts = list(1).replace("[{", `[${'"",'.repeat(2_000_000)}{`);
    expect(await ask({ body: texts })).toEqual(
      refusal(413, /a list of more than 250000 entries\. Send fewer/),
    );
    const lists = list(1).replace("[{", `[${`[${'"",'.repeat(150_000)}""],`.repeat(9)}{`);
    expect(await ask({ body: lists })).toEqual(refusal(413, /more than 1300000 values\. Send fewer at once/));
    expect(await ask({ body: list(1_000_001) })).toEqual(tooMany);
    expect(await ask(inChunks(list(1_000_001)))).toEqual(tooMany);
    expect(await ask({ body: list(200_000) })).toMatchObject({
      errors: [{ message: expect.stringMatching(/A list in the variables has more than 200000 entries/) }],
    });
    await Promise.all(Array.from({ length: 20 }, () => app.client.data("{ viewer { keyName } }")));
  });

  it.each([
    ["a form", "application/x-www-form-urlencoded", 65_536],
    ["a document by itself", "application/graphql", 1_048_576],
  ])("%s of any length", async (_, type, most) => {
    const body = Buffer.from(`query={__typename}${" ".repeat(most)}`);
    const answer = await ask({ headers: { ...headers(), "content-type": type }, body });
    expect(answer).toEqual(refusal(413, new RegExp(`more than ${most} bytes`)));
  });

  it.each([
    ["text", "text/plain"],
    ["no type at all", ""],
    ["XML", "application/xml"],
  ])("a request with a content type other than JSON is refused: %s", async (_, type) => {
    const { "content-type": _type, ...others } = headers();
    const body = Buffer.from('{"query":"{ __typename }"}');
    const answer = await ask({ headers: type === "" ? others : { ...others, "content-type": type }, body });
    expect(answer).toEqual(refusal(415, /Send JSON, with `Content-Type: application\/json`/));
  });

  it.each([
    ["JSON that ends early", "{", /invalid JSON\. Send an object like/],
    ["nothing", "", /invalid JSON/],
    ["null", "null", /expected to be object/],
    ["a list", "[]", /Batching is not supported\. Send each operation/],
    ["an empty query", '{"query":""}', /There is no query in the request\. Send JSON/],
    [
      "two operations and no name",
      '{"query":"query A { __typename } query B { __typename }"}',
      /set `operationName`/,
    ],
    ["variables that are a list", '{"query":"{ __typename }","variables":[]}', /"variables"/],
  ])("a request is refused with a body of %s", async (_, body, message) => {
    const answer = await ask({ body });
    expect(answer).toMatchObject({ status: 400, errors: [{ message: expect.stringMatching(message) }] });
    expect(leakIn(answer)).toBeUndefined();
  });

  it("a mutation by GET is refused and not run", async () => {
    const before = await countRows(app);
    const mutation =
      'mutation { sendMessage(input: { to: "+421901000000", text: "x", from: "me" }) { __typename } }';
    const answer = await ask({ method: "GET" }, `/graphql?query=${encodeURIComponent(mutation)}`);
    expect(answer).toEqual(refusal(405, /mutation.*POST/));
    expect(await countRows(app)).toEqual(before);
  });

  it.each(["variables", "extensions"])(
    "a request is refused with %s that are not JSON, in the query or in a form",
    async (name) => {
      const parameters = new URLSearchParams({ query: "{ __typename }", [name]: "{" }).toString();
      const form = { ...headers(), "content-type": "application/x-www-form-urlencoded" };
      const notJson = refusal(400, /`variables` and `extensions` must be JSON/);
      expect(await ask({ method: "GET" }, `/graphql?${parameters}`)).toEqual(notJson);
      expect(await ask({ headers: form, body: parameters })).toEqual(notJson);
    },
  );

  it.each(["localhost:99999", "[::1%25eth0]", "localhost:", "[::1"])(
    "a request for a host that cannot be is not a fault of ours: %s",
    async (host) => {
      const asked = `GET /graphql HTTP/1.1\r\nhost: ${host}\r\naccept: text/html\r\nconnection: close\r\n\r\n`;
      expect(await speak(asked)).toMatch(/^HTTP\/1\.1 (200|421) /);
    },
  );

  it("an invalid path is refused, for WebSockets too, and the process continues", async () => {
    const upgrade = "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n";
    const key = `sec-websocket-key: ${btoa("x".repeat(16))}\r\n`;
    for (const path of ["//", "///", "http://[", "*"]) {
      for (const more of ["", `${upgrade}${key}`]) {
        const answer = await speak(
          `GET ${path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n${more}\r\n`,
        );
        expect(answer).toMatch(/^HTTP\/1\.1 (400|404) /);
      }
    }
    for (let attempt = 0; attempt < 5; attempt++) {
      const socket = open();
      socket.write(`GET /elsewhere HTTP/1.1\r\nhost: localhost\r\n${upgrade}${key}\r\n`, () =>
        socket.resetAndDestroy(),
      );
    }
    expect(await ask({ body: '{"query":"{ __typename }"}' })).toMatchObject({ status: 200 });
  });
});

function idOfFault(answer: { errors?: unknown }): string {
  expect(answer.errors).toMatchObject([
    {
      message: expect.stringMatching(
        /^Something failed on our side\. The id [0-9a-f-]{36} finds it in the log\.$/,
      ),
      extensions: { code: "INTERNAL", id: expect.any(String) },
    },
  ]);
  expect(leakIn(answer)).toBeUndefined();
  const [{ extensions }] = answer.errors as [{ extensions: { id: string } }];
  return extensions.id;
}

describe("a fault of our own", () => {
  it("an internal error shows the client only an id, which is also in the log", async () => {
    const broken = await startTestApp({ runsWorker: false });
    const brokenUrl = await callbackUrlOf(
      broken,
      await connectProvider(broken.client, { defaultSender: "smsgraph" }),
    );
    await broken.services.database.pool.query("alter table messages rename to messages_elsewhere");
    const operations = [
      "{ messages { edges { node { id } } } }",
      `{ message(id: "${nobody("Message")}") { id } }`,
      'mutation { sendMessage(input: { to: "+421901000000", text: "secret text" }) { __typename } }',
      `mutation { cancelMessage(id: "${nobody("Message")}") { __typename } }`,
    ];
    const ids = await Promise.all(
      operations.map(async (operation) => idOfFault(await broken.client.send(operation))),
    );
    const [watched] = await broken.client
      .subscribe(`subscription { messageChanged(id: "${nobody("Message")}") { id } }`)
      .next()
      .then(({ value }) => [value as object])
      .catch((errors: object[]) => [{ errors }]);
    ids.push(idOfFault(watched ?? {}));
    const log = broken.log.map(
      (line) => JSON.parse(line) as { errorId?: string; error?: { message: string } },
    );
    for (const id of ids) {
      expect(log.filter(({ errorId }) => errorId === id)).toMatchObject([
        { level: 50, error: { message: expect.stringContaining("messages") } },
      ]);
    }
    expect(await readCounters(broken, "smsgraph_internal_errors_total")).toEqual({
      smsgraph_internal_errors_total: ids.length,
    });
    const answer = await post(brokenUrl, update({ client_ref: randomUUID(), status: "SENT" }));
    expect(answer).toEqual({ status: 503, text: "Not stored. Send it again.\n" });
    expect(broken.log.join("")).not.toContain("secret text");
    await broken.client.close();
    await broken.stop();
  });
});

describe("a client with automatic persisted queries is told to send the query itself:", () => {
  const told = {
    status: 200,
    errors: [
      { message: "PersistedQueryNotSupported", extensions: { code: "PERSISTED_QUERY_NOT_SUPPORTED" } },
    ],
  };
  const extensions = { persistedQuery: { version: 1, sha256Hash: "0".repeat(64) } };

  it.each([{ operationName: "Q", variables: {} }, { query: null }, { query: "" }, {}])(
    "a persisted query with %j beside the hash is refused with advice to send the query",
    async (body) => {
      expect(await ask({ body: JSON.stringify({ ...body, extensions }) })).toEqual(told);
    },
  );

  it("a persisted query by GET is refused with advice to send the query", async () => {
    const path = `/graphql?extensions=${encodeURIComponent(JSON.stringify(extensions))}`;
    expect(await ask({ method: "GET" }, path)).toEqual(told);
  });

  it("a query is answered with or without its hash", async () => {
    const body = JSON.stringify({ query: "{ __typename }", extensions });
    expect(await ask({ body })).toEqual({ status: 200, data: { __typename: "Query" } });
  });

  it("a request with neither query nor hash is a bad request", async () => {
    expect(await ask({ body: JSON.stringify({ extensions: {} }) })).toEqual(refusal(400, /query/));
  });
});

it.each([
  "multipart/mixed, application/graphql-response+json, application/json;q=0.9",
  "application/json",
  "image/png",
])("a subscription with the Accept header %s is refused with an explanation", async (accept) => {
  const body = JSON.stringify({ query: "subscription { messageEvents { __typename } }" });
  const answer = await ask({ body, headers: { ...headers(), accept } });
  expect(answer).toEqual(refusal(406, /text\/event-stream/));
});

it("an answer that none of many wanted forms fits does not list its own once for each", async () => {
  const answer = await fetch(`${app.url}/graphql`, {
    method: "POST",
    headers: { accept: "a/b,".repeat(50), "content-type": "application/json" },
    body: JSON.stringify({ query: "{ __typename }" }),
  });
  expect(answer.status).toBe(406);
  expect(JSON.stringify([...answer.headers]).length).toBeLessThan(1_500);
});
