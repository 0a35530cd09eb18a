import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A span as an OTLP collector receives it. Ids are hexadecimal. */
export interface CollectedSpan {
  traceId: string;
  spanId: string;
  /** Empty for the first of a trace. */
  parentSpanId: string;
  name: string;
  attributes: Record<string, string | number | boolean>;
  links: { traceId: string; spanId: string }[];
  isError: boolean;
  seconds: number;
}

export interface OtlpCollector {
  url: string;
  spans: CollectedSpan[];
  /** Attributes of the process that sent the last request. */
  resource: CollectedSpan["attributes"];
  close(): Promise<void>;
}

/** A collector of OpenTelemetry's protocol over HTTP, with bodies in protobuf. */
export async function startOtlpCollector(): Promise<OtlpCollector> {
  const server = createServer((request, response) => void answer(request, response));
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await read(request);
    if (request.url === "/v1/traces") take(body);
    response.writeHead(200, { "content-type": "application/x-protobuf" }).end();
  };
  const take = (body: Buffer): void => {
    for (const ofProcess of all(fieldsOf(body), 1).map(fieldsOf)) {
      collector.resource = attributesOf(all(fieldsOf(one(ofProcess, 1)), 1));
      for (const scope of all(ofProcess, 2).map(fieldsOf)) collector.spans.push(...all(scope, 2).map(toSpan));
    }
  };
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const collector: OtlpCollector = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans: [],
    resource: {},
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
  return collector;
}

async function read(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** The fields of a protobuf message by their numbers: bytes, or a number for a varint, which may repeat. */
type Fields = Map<number, (Buffer | bigint)[]>;

function fieldsOf(bytes: Buffer): Fields {
  const fields: Fields = new Map();
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++] ?? 0;
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  const cut = (length: number): Buffer => bytes.subarray(at, (at += length));
  while (at < bytes.length) {
    const tag = Number(varint());
    const type = tag & 7;
    const value = type === 0 ? varint() : cut(type === 1 ? 8 : type === 5 ? 4 : Number(varint()));
    fields.set(tag >> 3, [...(fields.get(tag >> 3) ?? []), value]);
  }
  return fields;
}

const all = (fields: Fields, number: number): Buffer[] => (fields.get(number) ?? []) as Buffer[];
const one = (fields: Fields, number: number): Buffer => all(fields, number)[0] ?? Buffer.alloc(0);
const text = (fields: Fields, number: number): string => one(fields, number).toString("utf8");
const hex = (fields: Fields, number: number): string => one(fields, number).toString("hex");

/** Field numbers: `opentelemetry/proto/trace/v1/trace.proto`. */
function toSpan(bytes: Buffer): CollectedSpan {
  const span = fieldsOf(bytes);
  const nanoseconds = one(span, 8).readBigUInt64LE() - one(span, 7).readBigUInt64LE();
  return {
    traceId: hex(span, 1),
    spanId: hex(span, 2),
    parentSpanId: hex(span, 4),
    name: text(span, 5),
    attributes: attributesOf(all(span, 9)),
    links: all(span, 13)
      .map(fieldsOf)
      .map((link) => ({ traceId: hex(link, 1), spanId: hex(link, 2) })),
    isError: fieldsOf(one(span, 15)).get(3)?.[0] === 2n,
    seconds: Number(nanoseconds) / 1e9,
  };
}

/** Field numbers: `opentelemetry/proto/common/v1/common.proto`. */
function attributesOf(pairs: readonly Buffer[]): CollectedSpan["attributes"] {
  return Object.fromEntries(
    pairs.map(fieldsOf).map((pair) => {
      const value = fieldsOf(one(pair, 2));
      const [number] = value.get(3) ?? [];
      if (value.has(1)) return [text(pair, 1), text(value, 1)];
      if (value.has(2)) return [text(pair, 1), value.get(2)?.[0] === 1n];
      return [text(pair, 1), number === undefined ? one(value, 4).readDoubleLE() : Number(number)];
    }),
  );
}
