import { setTimeout } from "node:timers/promises";
import { Agent, buildConnector } from "undici";
import { Buckets } from "../lib/buckets.ts";
import { SharedGate } from "../lib/gate.ts";
import { reasonOf, retryAfterSeconds } from "../lib/http-words.ts";
import { publicConnector } from "../lib/public-addresses.ts";
import { post, PostTimeout, type Head } from "./post.ts";

/** What became of one request to an endpoint. */
export interface Answer {
  /** `gone`: the endpoint wants no more requests (410). */
  kind: "delivered" | "failed" | "gone";
  /** Undefined without an answer. */
  responseCode?: number;
  latencyMs: number;
  /** Why it was not delivered, for people: `it answered 500`. */
  problem?: string;
  retryAfterSeconds?: number;
}

interface EndpointOptions {
  /** Whether only public addresses may be connected to. */
  publicOnly: boolean;
  /** For a whole request. */
  timeoutMs: number;
  /** Requests in progress, over all endpoints. */
  maxConcurrent: number;
  /** Requests that are begun for one account. Absent: any. */
  maxPerSecond?: number;
}

/**
 * Posts to the endpoints of webhooks: keep-alive connections by origin, HTTP/1.1, no redirects. A request is
 * never repeated here.
 */
export class Endpoints {
  readonly #agent: Agent;
  readonly #timeoutMs: number;
  readonly #gate: SharedGate;
  /** Fast endpoints would otherwise keep the process busy for their account alone. */
  readonly #rate: Buckets | undefined;

  constructor({ publicOnly, timeoutMs, maxConcurrent, maxPerSecond }: EndpointOptions) {
    const connect = { allowH2: false, timeout: timeoutMs };
    this.#agent = new Agent({
      connect: publicOnly ? publicConnector(connect) : buildConnector(connect),
      pipelining: 1,
      keepAliveTimeout: 30_000,
    });
    this.#timeoutMs = timeoutMs;
    this.#gate = new SharedGate(maxConcurrent);
    this.#rate =
      maxPerSecond === undefined ? undefined : new Buckets({ atOnce: maxPerSecond, perSecond: maxPerSecond });
  }

  /** Never rejects. `accountId` says whose endpoint it is: nobody's may keep all places busy. */
  async post(
    accountId: string,
    url: string,
    headers: Readonly<Record<string, string>>,
    body: string,
  ): Promise<Answer> {
    this.#rate?.use(accountId, 1);
    const waitMs = this.#rate?.debtMs(accountId) ?? 0;
    if (waitMs > 0) await setTimeout(waitMs);
    return this.#gate.run(accountId, () => this.#post(url, headers, body));
  }

  /** Aborts the requests in progress. */
  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  async #post(url: string, headers: Readonly<Record<string, string>>, body: string): Promise<Answer> {
    const startedAt = performance.now();
    const latencyMs = (): number => Math.round(performance.now() - startedAt);
    try {
      const { origin, pathname, search } = new URL(url);
      const head = await post(
        this.#agent,
        {
          origin,
          path: pathname + search,
          method: "POST",
          headers: { "content-type": "application/json", "user-agent": "smsgraph", ...headers },
          body,
        },
        this.#timeoutMs,
      );
      return { ...judge(head), latencyMs: latencyMs() };
    } catch (error) {
      const problem =
        error instanceof PostTimeout
          ? `no answer within ${this.#timeoutMs / 1000} s`
          : reasonOf(error as Error, true, "ALLOW_PRIVATE_WEBHOOKS");
      return { kind: "failed", latencyMs: latencyMs(), problem };
    }
  }
}

function judge({ statusCode, headers }: Head): Omit<Answer, "latencyMs"> {
  if (statusCode >= 200 && statusCode < 300) return { kind: "delivered", responseCode: statusCode };
  const isRedirect = statusCode >= 300 && statusCode < 400;
  const problem = `it answered ${statusCode}${isRedirect ? ", and redirects are not followed" : ""}`;
  if (statusCode === 410) return { kind: "gone", responseCode: statusCode, problem };
  const header = [headers["retry-after"]].flat()[0];
  const seconds = header === undefined ? undefined : retryAfterSeconds(header, new Date());
  return {
    kind: "failed",
    responseCode: statusCode,
    problem,
    ...(seconds !== undefined && { retryAfterSeconds: seconds }),
  };
}
