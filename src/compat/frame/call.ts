import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import { setRateHeaders } from "../../access/rate-headers.ts";
import type { Amounts } from "../../access/rate-limiter.ts";
import type { Viewer } from "../../access/api-keys.ts";
import type { Scope } from "../../access/scopes.ts";
import { strangerBytes, strangerMs } from "../../http/body-limits.ts";
import { knowSender } from "../../http/chunk-cost.ts";
import { readBytes, UnreadableBody } from "../../http/body.ts";
import { limitTime } from "../../http/patience.ts";
import { excessInTurns, maxElements } from "../../providers/callback-bounds.ts";
import { decodeText, decompress } from "../../lib/body-text.ts";
import { ForbiddenError, InvalidInputError, UnauthenticatedError } from "../../lib/errors.ts";
import { turnToRead } from "../../lib/large-texts.ts";
import type { CompatServices } from "./services.ts";

/** How long a body may be, and of how many elements, as `excessOf` counts them. */
export interface BodySize {
  bytes: number;
  elements: number;
}

const usualSize: BodySize = { bytes: 1024 * 1024, elements: maxElements };

interface CallOptions {
  services: CompatServices;
  request: IncomingMessage;
  response: ServerResponse;
  /** Behind the vendor's prefix. */
  path: string;
  /** The address of what is served, up to the vendor's prefix. */
  base: string;
  address: string | undefined;
}

/** One request to a served API. */
export class ServedCall {
  readonly services: CompatServices;
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly base: string;
  readonly address: string | undefined;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  /** Whose limits it was counted against. */
  #counted: Viewer | undefined;

  constructor({ services, request, response, path, base, address }: CallOptions) {
    this.services = services;
    this.method = request.method ?? "GET";
    this.path = path;
    this.headers = request.headers;
    this.base = base;
    this.address = address;
    this.#request = request;
    this.#response = response;
  }

  get query(): URLSearchParams {
    const { url = "" } = this.#request;
    const mark = url.indexOf("?");
    return new URLSearchParams(mark === -1 ? "" : url.slice(mark + 1));
  }

  /** Not of any vendor: makes it safe to repeat a request. @throws InvalidInputError */
  get idempotencyKey(): string | undefined {
    const key = this.headers["idempotency-key"];
    if (key === undefined) return undefined;
    if (typeof key === "string" && key.length >= 1 && key.length <= 200) return key;
    throw new InvalidInputError("Idempotency-Key", "`Idempotency-Key` must have 1 to 200 characters.");
  }

  /** Whose key it is. @throws UnauthenticatedError */
  async identify(credential: string | undefined): Promise<Viewer> {
    const isPossible = credential !== undefined && /^\S{1,200}$/.test(credential);
    return checked(isPossible ? await this.services.access.find(credential, this.address) : undefined);
  }

  /** Whose session it is. @throws UnauthenticatedError */
  async identifyKey(keyId: string): Promise<Viewer> {
    return checked(await this.services.access.findByKeyId(keyId, this.address));
  }

  /**
   * Counts the request against the limits of its key, and waits until its turn comes, as operations of GraphQL do. `rows` is
   * how many messages it may read.
   * @throws ForbiddenError without the scope, RateLimitedError, TooManyRequestsError
   */
  async admit(viewer: Viewer, scope: Scope, rows = 1): Promise<void> {
    if (!viewer.scopes.has(scope))
      throw new ForbiddenError(
        `This needs the scope ${scope}, which the key "${viewer.keyName}" does not have.`,
      );
    this.#use(viewer, { requests: 1 });
    if (scope === "SEND") this.services.quotas.requireStorage(viewer);
    const load = { kind: scope === "SEND" ? "mutations" : "queries", cost: rows } as const;
    const leave = await this.services.shares.enter({ viewer, socket: undefined }, load);
    if (this.#response.closed) leave();
    else this.#response.once("close", leave);
  }

  /** The same for what every key may do. */
  admitAny(viewer: Viewer): void {
    this.#use(viewer, { requests: 1 });
  }

  /** Counts messages against the limits of their key. @throws RateLimitedError */
  admitSends(viewer: Viewer, sends: number): void {
    this.#use(viewer, { sends });
  }

  /** Says in the headers of the answer where its key stands with its limits. */
  tellLimits(): void {
    if (!this.#counted) return;
    const caller = this.services.limiter.of(this.#counted);
    setRateHeaders(this.#response, caller.standings(["requests", "sends"]));
  }

  #use(viewer: Viewer, amounts: Amounts): void {
    this.#counted = viewer;
    const refused = this.services.limiter.take(viewer, amounts);
    if (refused) throw refused;
  }

  /**
   * The body as text; that of a caller who is not known yet may be only short.
   * @throws UnreadableBody, BodyTooLong, TooManyRequestsError
   */
  async body(viewer?: Viewer, { bytes: most, elements }: BodySize = usualSize): Promise<string> {
    const limit = viewer ? most : strangerBytes;
    if (viewer) knowSender(this.#request, viewer.accountId);
    else limitTime(this.#request, this.#response, strangerMs);
    const held = viewer && this.services.bodies.open({ id: viewer.keyId, accountId: viewer.accountId });
    if (held) this.#response.once("close", () => held.release());
    const bytes = await readBytes(this.#request, limit, held);
    const { "content-encoding": coding = "", "content-type": type } = this.headers;
    const plain = await decompress(bytes, coding, limit);
    held?.grow(plain === bytes ? 0 : plain.length);
    const text = decodeText(plain, type);
    await turnToRead(plain.length, viewer?.accountId);
    // Reading it takes far longer than counting.
    const excess = await excessInTurns(text, elements);
    if (excess !== undefined) throw new UnreadableBody(413, "too_large", excess);
    return text;
  }
}

/** A watch token opens nothing here, nor does the key of the operator: it has no account. */
function checked(viewer: Viewer | undefined): Viewer {
  if (viewer && !viewer.watches && !viewer.scopes.has("OPERATOR")) return viewer;
  throw new UnauthenticatedError("The API key is missing, unknown, revoked or expired.");
}
