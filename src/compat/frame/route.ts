import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { unavailability } from "../../database/unavailable.ts";
import type { AddressOf } from "../../http/caller-address.ts";
import { UnreadableBody } from "../../http/body.ts";
import { BodyTooLong } from "../../lib/body-text.ts";
import { DomainError } from "../../lib/errors.ts";
import { ServedCall } from "./call.ts";
import type { CompatServices } from "./services.ts";
import type { ServedAnswer, ServedVendor } from "./vendor.ts";

export type VendorName = "tikosms" | "tonkra" | "telekom" | "qikli";

interface CompatOptions {
  services: CompatServices;
  vendors: Readonly<Partial<Record<VendorName, ServedVendor>>>;
  /** Host names at whose root one of the APIs is. */
  hosts: ReadonlyMap<string, VendorName>;
  addressOf: AddressOf;
  onError: (error: unknown) => void;
}

/** Serves `/compat/<vendor>/…`, and everything under a host name that belongs to one vendor. */
export class CompatRoute {
  readonly #options: CompatOptions;

  constructor(options: CompatOptions) {
    this.#options = options;
  }

  /** The vendor to whom the whole host name of a request belongs. */
  ownerOf({ headers: { host = "" } }: IncomingMessage): VendorName | undefined {
    if (this.#options.hosts.size === 0) return undefined;
    return this.#options.hosts.get(host.toLowerCase().replace(/:\d+$/, "").replace(/\.$/, ""));
  }

  async serve(request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
    const owner = this.ownerOf(request);
    const [, name = "", rest = ""] = /^\/compat\/([^/]+)(\/.*)?$/.exec(path) ?? [];
    const named = owner ?? (isVendor(this.#options.vendors, name) ? name : undefined);
    const vendor = named && this.#options.vendors[named];
    if (!vendor) return void response.writeHead(404, plain).end(`${unknown}\n`);
    const { services, addressOf, onError } = this.#options;
    const base = `${schemeOf(request)}://${request.headers.host ?? ""}${owner ? "" : `/compat/${named}`}`;
    const call = new ServedCall({
      services,
      request,
      response,
      path: owner ? path : rest,
      base,
      address: addressOf(request),
    });
    const answer = await answerOf(vendor, call, onError);
    call.tellLimits();
    await send(answer, response);
  }
}

const plain = { "content-type": "text/plain; charset=utf-8" };
const unknown = "not found: docs/drop-in.md says which APIs are served";

const isVendor = (vendors: object, name: string): name is VendorName => Object.hasOwn(vendors, name);

/** Only for links in answers: a proxy that ends TLS says so. */
const schemeOf = ({ headers }: IncomingMessage): string =>
  headers["x-forwarded-proto"] === "https" ? "https" : "http";

async function answerOf(
  vendor: ServedVendor,
  call: ServedCall,
  onError: (error: unknown) => void,
): Promise<ServedAnswer> {
  try {
    return await vendor.serve(call);
  } catch (error) {
    if (error instanceof DomainError) return vendor.refuse(error, call);
    if (error instanceof BodyTooLong) return vendor.fail("tooLarge", call);
    if (error instanceof UnreadableBody)
      return vendor.fail(error.reason === "too_large" ? "tooLarge" : "unreadable", call);
    const unavailable = unavailability(error);
    if (unavailable) return vendor.refuse(unavailable, call);
    onError(error);
    return vendor.fail("internal", call);
  }
}

async function send(
  { status, headers, body, settle }: ServedAnswer,
  response: ServerResponse,
): Promise<void> {
  const sent = settle && sentWhole(response);
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  if (typeof body === "string") {
    response.writeHead(status, { "content-length": Buffer.byteLength(body) }).end(body);
  } else {
    response.writeHead(status);
    await pipeline(Readable.from(body, { highWaterMark: 1 }), response).catch(() => response.destroy());
  }
  if (settle && sent) await settle(await sent);
}

const sentWhole = (response: ServerResponse): Promise<boolean> =>
  new Promise((resolve) => {
    response.once("finish", () => resolve(true));
    response.once("close", () => resolve(response.writableFinished));
  });
