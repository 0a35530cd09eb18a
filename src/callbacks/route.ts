import type { IncomingMessage, ServerResponse } from "node:http";
import type { Clock } from "../lib/clock.ts";
import { isCallbackSecret } from "../connections/callback-secrets.ts";
import type { Connection, Connections } from "../connections/connections.ts";
import type { Logger } from "../lib/logger.ts";
import { isUuid } from "../lib/uuid.ts";
import type { AddressOf } from "../http/caller-address.ts";
import { isInRanges } from "../lib/address-ranges.ts";
import { readBody, UnreadableBody } from "../http/body.ts";
import { knowSender } from "../http/chunk-cost.ts";
import type { HeldBodies, HeldBody } from "../http/held-bodies.ts";
import { TooManyRequestsError } from "../lib/errors.ts";
import { turnToRead } from "../lib/large-texts.ts";
import { noteReceipts } from "../messages/receipts/receipt-spans.ts";
import { tracedFromOutside, type NewSpan } from "../tracing/tracing.ts";
import { InboundAllowance } from "../messages/inbound/inbound-allowance.ts";
import { readInboundBody } from "../messages/inbound/inbound-body.ts";
import type { CallbackReading } from "../providers/provider.ts";
import type { CallbackIngest, IngestResult } from "./ingest.ts";

/** The same whether the provider or only its secret is wrong: nobody learns which providers there are. */
const noSuchAddress =
  "There is no such address, or its secret was replaced. Set the address of `Provider.callbackUrl` at the provider.";

/** Only for those who know the secret. */
const wrongAddress =
  "Callbacks of this provider are not taken from your address. Add it with `updateProvider` (`callbackAddresses`); behind a " +
  "proxy, name the proxy in TRUST_PROXY.";

/** Result of a callback request, for the metrics. */
type CallbackResult =
  | "accepted"
  | "quarantined"
  | "over_quota"
  | "too_many"
  | "empty"
  | "incomplete"
  | "too_large"
  | "malformed"
  | "unknown_provider"
  | "wrong_secret"
  | "wrong_address"
  | "wrong_method"
  | "unavailable";

interface CallbackRouteOptions {
  connections: Connections;
  ingest: CallbackIngest;
  addressOf: AddressOf;
  bodies: HeldBodies;
  clock: Clock;
  logger: Logger;
  onResult: (result: CallbackResult, kind: string | undefined) => void;
  onReceipts: (result: IngestResult, connection: Connection) => void;
}

/** Ten times the largest batch that any provider is known to push. */
const maxBodyBytes = 1024 * 1024;

class CallbackError extends Error {
  readonly status: number;
  readonly result: CallbackResult;
  constructor(status: number, result: CallbackResult, message: string) {
    super(message);
    this.status = status;
    this.result = result;
  }
}

const overQuota = (): CallbackError =>
  new CallbackError(
    503,
    "over_quota",
    "Not stored, since too much of this kind is waiting. Send it again later.",
  );

/**
 * `POST /callbacks/:providerId/:secret`, and `…/inbound` for messages from people in our own format: answers 200 after the receipts are committed, 400 when a body is
 * unreadable (it is kept), another 4xx when the request is not a callback of this provider, and 503 when
 * storing fails, so that the provider tries again.
 */
export function createCallbackRoute(options: CallbackRouteOptions) {
  const inboundAllowance = new InboundAllowance();
  const handle = async (request: IncomingMessage, response: ServerResponse, path: string): Promise<void> => {
    let connection: Connection | undefined;
    try {
      connection = await authenticate(options, request, path);
      checkAddress(options, request, connection);
      const { id, accountId } = connection.row;
      knowSender(request, accountId);
      const held = options.bodies.open({ id, accountId });
      response.once("close", () => held.release());
      const result = await take({ ...options, inboundAllowance }, request, connection, { path, held });
      if (result.refused) throw overQuota();
      options.onResult(result.quarantined ? "quarantined" : "accepted", connection.adapter.kind);
      options.onReceipts(result, connection);
      noteReceipts(result.outcomes);
      answer(response, 200, "ok");
    } catch (error) {
      const refusal = toCallbackError(error, options.logger);
      options.onResult(refusal.result, connection?.adapter.kind);
      if (refusal.result === "over_quota") response.setHeader("retry-after", "600");
      else if (refusal.status === 503) response.setHeader("retry-after", "5");
      answer(response, refusal.status, refusal.message);
    }
  };
  return (request: IncomingMessage, response: ServerResponse, path: string): Promise<void> =>
    // A provider has no say in our traces, so its `traceparent` does not count.
    tracedFromOutside(spanOf(request), undefined, async (span) => {
      await handle(request, response, path);
      span.set({ "http.response.status_code": response.statusCode });
      if (response.statusCode >= 500) span.fail(String(response.statusCode));
    });
}

/** Without the path, which holds a secret. */
const spanOf = ({ method = "" }: IncomingMessage): NewSpan => ({
  name: `${method} ${route}`,
  kind: "server",
  attributes: { "http.request.method": method, "http.route": route, "url.scheme": "http" },
});

const route = "/callbacks/:providerId/:secret";

async function authenticate(
  { connections, clock }: CallbackRouteOptions,
  { method, url }: IncomingMessage,
  path: string,
): Promise<Connection> {
  const [, , providerId = "", secret = ""] = path.split("/");
  const connection = isUuid(providerId) ? await connections.find(providerId) : undefined;
  if (!connection || connection.row.disconnectedAt)
    throw new CallbackError(404, "unknown_provider", noSuchAddress);
  if (!isCallbackSecret(connection.callbackSecrets, secret, clock.now()))
    throw new CallbackError(404, "wrong_secret", noSuchAddress);
  if (method !== "POST" && !(method === "GET" && url?.includes("?")))
    throw new CallbackError(405, "wrong_method", "Callbacks are sent with POST.");
  return connection;
}

function checkAddress(
  { addressOf }: CallbackRouteOptions,
  request: IncomingMessage,
  { callbackRanges }: Connection,
): void {
  if (callbackRanges.length === 0 || isInRanges(addressOf(request) ?? "", callbackRanges)) return;
  throw new CallbackError(403, "wrong_address", wrongAddress);
}

async function take(
  { ingest, inboundAllowance, clock }: CallbackRouteOptions & { inboundAllowance: InboundAllowance },
  request: IncomingMessage,
  connection: Connection,
  { path, held }: { path: string; held: HeldBody },
): Promise<IngestResult> {
  const body = request.method === "GET" ? queryOf(request) : await readBody(request, maxBodyBytes, held);
  const contentType = request.headers["content-type"];
  await turnToRead(body.length, connection.row.accountId);
  const reading = isInbound(path)
    ? readInbound(body, contentType)
    : connection.parseCallback(body, contentType);
  const cleaned = body.replaceAll("\0", "").toWellFormed();
  if (reading.kind === "malformed" && cleaned.trim() === "") throw malformed(reading.reason);
  const inbound = reading.kind === "receipts" ? (reading.inbound ?? []) : [];
  const { id: providerId, accountId } = connection.row;
  if (!inboundAllowance.takes(accountId, inbound)) throw overQuota();
  const result = await ingest.ingest({
    accountId,
    providerId,
    receivedAt: clock.now(),
    contentType: contentType ?? null,
    body: cleaned,
    receipts: reading.kind === "receipts" ? reading.receipts : [],
    inbound,
    problem: reading.kind === "receipts" ? reading.problem : reading.reason,
  });
  // The body is kept, since the sender knew the secret.
  if (reading.kind === "malformed") throw malformed(reading.reason);
  return result;
}

const isInbound = (path: string): boolean => path.split("/")[4] === "inbound";

function readInbound(body: string, contentType?: string): CallbackReading {
  const read = readInboundBody(body, contentType);
  return read.kind === "read" ? { kind: "receipts", receipts: [], inbound: read.messages } : read;
}

const malformed = (reason: string): CallbackError =>
  new CallbackError(400, "malformed", `The body cannot be read: ${reason}`);

/** A GET callback carries its data in the query. */
const queryOf = ({ url = "" }: IncomingMessage): string => url.slice(url.indexOf("?") + 1);

function toCallbackError(error: unknown, logger: Logger): CallbackError {
  if (error instanceof CallbackError) return error;
  if (error instanceof TooManyRequestsError)
    return new CallbackError(
      503,
      "too_many",
      "Not stored, since too many bodies are under way. Send it again.",
    );
  if (error instanceof UnreadableBody) return new CallbackError(error.status, error.reason, error.message);
  logger.error({ error }, "could not store a callback; the provider is asked to send it again");
  return new CallbackError(503, "unavailable", "Not stored. Send it again.");
}

function answer(response: ServerResponse, status: number, text: string): void {
  if (response.headersSent || response.destroyed) return;
  const body = `${text}\n`;
  const headers = { "content-type": "text/plain; charset=utf-8", "content-length": Buffer.byteLength(body) };
  // The length is known, so headers and body are sent in one packet and not in chunks.
  response.writeHead(status, headers).end(body);
}
