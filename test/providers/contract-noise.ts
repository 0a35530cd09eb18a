import { createServer } from "node:http";
import { once } from "node:events";
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import {
  type Arbitrary,
  assert,
  asyncProperty,
  boolean,
  constantFrom,
  json,
  oneof,
  option,
  record,
} from "fast-check";
import { expect, test } from "vitest";
import { readBody } from "../../src/http/body.ts";
import type { CallbackReading } from "../../src/providers/provider.ts";
import { connect, open, type Subject } from "./contract-client.ts";
import { submission } from "./contract-description.ts";
import { atEnd } from "../support/side-by-side.ts";
import { runs } from "../support/runs.ts";

/** What can be done to a body without touching anything that is needed of it. */
interface Noise {
  /** In a field that nobody needs, as it is written in JSON and in XML. */
  json: string;
  xml: string;
  /** XML alone. */
  attributes: boolean;
  cdata: boolean;
  prefix: boolean;
  comments: boolean;
  charset: Charset;
  declaresCharset: boolean;
  coding: Coding | undefined;
  /** Zero bytes at the end. */
  padding: string;
  /** Without the checksum at its end. */
  isCut: boolean;
}

type Charset = "latin1" | "utf8" | "utf8 with a mark" | "utf16le with a mark" | "utf16le";
type Coding = "gzip" | "deflate" | "raw deflate" | "br";

/** Bytes that are no UTF-8 when they are written as Latin-1. */
const odd = "Telef\u00f3nica \u00ff\u00e8\u00e9";

const jsonNoise: Arbitrary<string> = oneof(
  json(),
  constantFrom(
    `"${odd}"`,
    '"a\tb\nc"',
    '"it\\\'s \\x41"',
    "NaN",
    "-Infinity",
    "007",
    "1e999",
    '"\\ud800"',
    "[1,2,]",
    "{}",
    "null /* nothing */",
    '"say "hi" now"',
  ),
);
const xmlNoise: Arbitrary<string> = constantFrom(
  odd,
  "Tom & Jerry",
  "<![CDATA[<!DOCTYPE a> &amp; <b>]]>",
  '<x nil="true"/>',
  "&nbsp;",
  "1 < 2",
  '<x a="1" a=2>1</x>',
  "<other><x>1</x></other>",
  "",
);

const noise: Arbitrary<Noise> = record({
  json: jsonNoise,
  xml: xmlNoise,
  attributes: boolean(),
  cdata: boolean(),
  prefix: boolean(),
  comments: boolean(),
  charset: constantFrom("latin1", "utf8", "utf8 with a mark", "utf16le with a mark", "utf16le"),
  declaresCharset: boolean(),
  coding: option(constantFrom("gzip", "deflate", "raw deflate", "br"), { nil: undefined }),
  padding: constantFrom("", "\0", "\0\0\0"),
  isCut: boolean(),
});

interface Body {
  bytes: Buffer<ArrayBuffer>;
  headers: Record<string, string>;
}

function mangle(body: string, made: Noise): Body {
  const isXml = body.trimStart().startsWith("<");
  const text = isXml ? mangleXml(body, made) : mangleJson(body, made);
  const type = isXml ? "application/xml" : "application/json";
  const name = { latin1: "ISO-8859-1", utf8: "UTF-8" }[made.charset.replace(/ .*/, "")] ?? "UTF-16";
  const encoded = encode(text + made.padding, made.charset);
  const compressed = Buffer.from(compress(encoded, made.coding));
  const bytes = made.isCut && made.coding === "gzip" ? compressed.subarray(0, -8) : compressed;
  return {
    bytes,
    headers: {
      "content-type": made.declaresCharset ? `${type}; charset=${name}` : type,
      ...(made.coding && { "content-encoding": made.coding.replace("raw ", "") }),
    },
  };
}

function encode(text: string, charset: Charset): Buffer {
  const [encoding = "utf8", mark] = charset.split(" with ");
  const writable = encoding === "latin1" ? text.replaceAll(/[^\0-\u00FF]/g, "?") : text;
  return Buffer.from(mark ? `\uFEFF${writable}` : writable, encoding as BufferEncoding);
}

function compress(bytes: Buffer, coding: Coding | undefined): Buffer {
  if (coding === "gzip") return gzipSync(bytes);
  if (coding === "deflate") return deflateSync(bytes);
  if (coding === "raw deflate") return deflateRawSync(bytes);
  return coding === "br" ? brotliCompressSync(bytes) : bytes;
}

/** A field more at the beginning and the end of each object. Bodies that have a fault of their own are left as they are. */
const mangleJson = (body: string, { json: value }: Noise): string =>
  body.replaceAll(/\{(?=\s*"[^"\n]*"\s*:)|(?<=["\d\]}])\s*\}/g, (bracket) =>
    bracket === "{" ? `{"_note": ${value}, ` : `, "note_": ${value}}`,
  );

/** An element more at the end of each, and what XML allows around all of them. */
function mangleXml(body: string, { xml, attributes, cdata, prefix, comments }: Noise): string {
  const [declaration = "", document = ""] = /^(\s*<\?xml[^>]*>)?([^]*)$/.exec(body)?.slice(1) ?? [];
  let text = document.replaceAll(/<\/(\w+)>(?=\s*<\/)/g, (whole) => `${whole}<_note>${xml}</_note>`);
  if (cdata) {
    text = text.replaceAll(/<(\w+)>([^<>&]+)<\/\1>/g, "<$1><![CDATA[$2]]></$1>");
  }
  if (comments) text = text.replaceAll(/<\/(\w+)>/g, "</$1><!-- <![CDATA[ & -->");
  if (attributes) text = text.replaceAll(/<([a-zA-Z]\w*)>/g, "<$1 xsi:type=\"xs:string\" lang='sk'>");
  if (prefix) text = text.replaceAll(/<(\/?)([a-zA-Z]\w*)(?=[\s>/])/g, "<$1ns2:$2");
  return declaration + text;
}

const runCount = runs(25);

/** Whatever can be read is read, on the road of callbacks and on that of look-ups. */
export function testNoise(subject: Subject): void {
  const { contract, variant } = subject;

  const [first] = contract.variants;
  test.skipIf(!contract.callbacks || variant !== first)(
    "a callback says the same whatever stands in fields that nobody needs, and however it is encoded",
    async () => {
      const read = await serveCallbacks(subject);
      for (const body of contract.callbacks?.bodies ?? []) {
        const plain = await read({ bytes: Buffer.from(body), headers: {} });
        expect(plain).toMatchObject({ kind: "receipts" });
        await assert(
          asyncProperty(noise, async (made) => {
            if (!/^\s*[{<]/.test(body)) return;
            expect(await read(mangle(body, made))).toEqual(plain);
          }),
          runCount,
        );
      }
    },
  );

  test("an answer that accepts a submission does so whatever stands in fields that nobody needs", async () => {
    const recorded = variant.accepted;
    let answer: Body = { bytes: Buffer.from(recorded), headers: {} };
    const { client } = await connect(
      subject,
      (seen) =>
        variant.aside?.(seen) ?? ((response) => response.writeHead(200, answer.headers).end(answer.bytes)),
    );
    const plain = await client.submit(submission);
    expect(plain).toMatchObject({ kind: "accepted" });
    await assert(
      asyncProperty(noise, async (made) => {
        answer = mangle(recorded, made);
        expect(await client.submit(submission)).toEqual(plain);
      }),
      runCount,
    );
  });

  const { lookedUp } = variant;
  test.skipIf(!lookedUp)(
    "an answer to a look-up says the same whatever stands in fields that nobody needs",
    async () => {
      const id = "100427";
      const recorded = lookedUp?.(id, "DELIVERED") ?? "";
      let answer: Body = { bytes: Buffer.from(recorded), headers: {} };
      const { client } = await connect(
        subject,
        (seen) =>
          variant.aside?.(seen) ?? ((response) => response.writeHead(200, answer.headers).end(answer.bytes)),
      );
      const { messageId, to } = submission;
      const ask = () => client.lookUp([{ messageId, to, providerMessageId: id }]);
      const plain = await ask();
      expect(plain).toMatchObject({ ok: true, value: [{ providerStatus: expect.any(String) }] });
      await assert(
        asyncProperty(noise, async (made) => {
          answer = mangle(recorded, made);
          expect(await ask()).toEqual(plain);
        }),
        runCount,
      );
    },
  );
}

/** Reads bodies as the callback route does, from a real request. */
async function serveCallbacks(subject: Subject): Promise<(body: Body) => Promise<CallbackReading>> {
  const opened = open(subject, "http://127.0.0.1:9");
  const server = createServer((request, response) => {
    void readBody(request, 1_000_000).then((body) =>
      response.end(JSON.stringify(opened.parseCallback(body, request.headers["content-type"]))),
    );
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  atEnd(() => server.close().closeAllConnections());
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("The server has no port.");
  return async ({ bytes, headers }) => {
    const response = await fetch(`http://127.0.0.1:${address.port}`, {
      method: "POST",
      body: bytes,
      headers,
    });
    return (await response.json()) as CallbackReading;
  };
}
