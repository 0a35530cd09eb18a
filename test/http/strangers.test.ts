import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";
import { WebSocket } from "ws";
import { bodyOf, uploadOf, uploadType } from "../support/campaigns.ts";
import { startTestApp, type TestApp } from "../support/app.ts";

const kilobytes64 = 64 * 1024;

let app: TestApp;

beforeAll(async () => {
  app = await startTestApp({ runsWorker: false });
});

afterAll(() => app.stop());

/** A document of so many bytes, as the body of a request. */
function padded(bytes: number): string {
  const body = JSON.stringify({ query: "{ __typename } #" });
  return body.replace("#", "#".repeat(bytes - body.length + 1));
}

const post = (body: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${app.url}/graphql`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body,
  });

const upgrade = `GET /graphql HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
sec-websocket-version: 13\r\nsec-websocket-key: ${btoa("x".repeat(16))}\r\n\
sec-websocket-protocol: graphql-transport-ws\r\n\r\n`;

/** A text frame that announces so many bytes; the mask is zero. */
function frame(announced: number, text: string): Buffer {
  const head = Buffer.alloc(14);
  head.writeUInt8(0x81, 0);
  head.writeUInt8(0xff, 1);
  head.writeBigUInt64BE(BigInt(announced), 2);
  return Buffer.concat([head, Buffer.from(text)]);
}

const bearer = (key: string) => ({ authorization: `Bearer ${key}` });

const refused = (status: number, code: string) => ({ status, errors: [{ extensions: { code } }] });

const init = JSON.stringify({ type: "connection_init" });

/** What somebody sends who then says nothing more, and does not agree to be closed either. */
const beginnings: Record<string, (Buffer | string)[]> = {
  "nothing at all": [],
  "half a head": ["POST /graphql HTTP/1.1\r\nhost: localhost\r\n"],
  "half a body": [
    "POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-length: 60000\r\n\r\n",
    "{".repeat(500),
  ],
  "half a body for an API of another vendor": [
    "POST /compat/telekom/json/ping HTTP/1.1\r\nhost: localhost\r\ncontent-length: 60000\r\n\r\n",
    "{".repeat(500),
  ],
  "half a body for an address that there is not": [
    "POST /callbacks/nobody/nothing HTTP/1.1\r\nhost: localhost\r\ncontent-length: 60000\r\n\r\n",
    "{".repeat(500),
  ],
  "a WebSocket": [upgrade],
  "a WebSocket and half a message": [upgrade, frame(28 * 1024 * 1024, "x".repeat(50_000))],
  "a WebSocket that begins without a key": [upgrade, frame(init.length, init)],
};

function begin(pieces: readonly (Buffer | string)[]): Socket {
  const socket = connect(Number(new URL(app.url).port), "127.0.0.1").on("error", () => undefined);
  for (const piece of pieces) socket.write(piece);
  return socket.resume();
}

it("the server lets go of a hundred sockets that never say who they are", { timeout: 300_000 }, async () => {
  const kinds = Object.entries(beginnings);
  const left = new Map<string, number>();
  const sockets = Array.from({ length: 100 }, async (_, index) => {
    const [kind, pieces] = kinds[index % kinds.length] ?? ["", []];
    left.set(kind, (left.get(kind) ?? 0) + 1);
    await once(begin(pieces), "close");
    left.set(kind, (left.get(kind) ?? 0) - 1);
  });
  const none = Object.fromEntries(kinds.map(([kind]) => [kind, 0]));
  // Shorter than the minute that a request of somebody known may take.
  await expect.poll(() => Object.fromEntries(left), { timeout: 50_000 }).toEqual(none);
  await Promise.all(sockets);
});

it("the server takes a message of 64 KB on a WebSocket without a key, and no more", async () => {
  for (const [extra, code] of [
    [0, 4400],
    [1024, 1009],
  ] as const) {
    const socket = new WebSocket(`${app.url.replace("http", "ws")}/graphql`, "graphql-transport-ws");
    await once(socket, "open");
    const closed = once(socket, "close");
    socket.send("x".repeat(kilobytes64 + extra));
    expect((await closed)[0]).toBe(code);
  }
});

it("the server takes long messages on a WebSocket as soon as its key is known", async () => {
  const { query } = JSON.parse(padded(1024 * 1024)) as { query: string };
  const [result] = await Array.fromAsync(app.client.subscribe(query));
  expect(result).toEqual({ data: { __typename: "Query" } });
  await app.client.close();
});

it("the server reads bodies as far as the key can use them", async () => {
  const token = await app.createKey(["BILLING"]);
  const reader = await app.createKey(["READ"]);
  const megabyte = 1024 * 1024;
  expect((await post(padded(kilobytes64))).status).toBe(200);
  expect((await post(padded(kilobytes64 + 1))).status).toBe(413);
  expect((await post(padded(kilobytes64 + 1), bearer("sg_nobody"))).status).toBe(413);
  expect((await post(padded(megabyte), bearer(token))).status).toBe(200);
  expect((await post(padded(megabyte + 1), bearer(token))).status).toBe(413);
  expect((await post(padded(megabyte + 1), bearer(reader))).status).toBe(200);
});

it("the server reads a file for those who may send alone", async () => {
  const body = new Uint8Array(bodyOf(uploadOf({}, "to\n+421901000001\n")));
  const upload = async (headers: Record<string, string>): Promise<unknown> => {
    const method = "POST";
    const response = await fetch(`${app.url}/graphql`, {
      method,
      headers: { "content-type": uploadType, ...headers },
      body,
    });
    return { status: response.status, ...((await response.json()) as object) };
  };
  expect(await upload({})).toMatchObject(refused(401, "UNAUTHENTICATED"));
  const reader = { authorization: `Bearer ${await app.createKey(["READ", "BILLING"])}` };
  expect(await upload(reader)).toMatchObject(refused(403, "FORBIDDEN"));
  expect(await upload(app.client.headers)).toMatchObject({ status: 200 });
});

it("only sixteen of their long bodies are under way at once, and those with a key do not wait for them", async () => {
  const answers: string[] = [];
  const sockets = Array.from({ length: 20 }, () => {
    const socket = connect(Number(new URL(app.url).port), "127.0.0.1").on("error", () => undefined);
    socket.on("data", (data) => answers.push(String(data).slice(9, 12)));
    socket.write(
      "POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 50000\r\n\r\n{",
    );
    return socket;
  });
  await expect.poll(() => answers.length).toBe(4);
  expect(answers).toEqual(["503", "503", "503", "503"]);
  expect((await post(padded(50_000), app.client.headers)).status).toBe(200);
  expect((await post(padded(4_000))).status).toBe(200);
  const refusal = await post(padded(50_000));
  expect(refusal.status).toBe(503);
  expect(refusal.headers.get("retry-after")).toBe("5");
  expect(await refusal.json()).toMatchObject({ errors: [{ extensions: { code: "UNAVAILABLE" } }] });
  for (const socket of sockets) socket.destroy();
  await expect.poll(async () => (await post(padded(50_000))).status).toBe(200);
});
