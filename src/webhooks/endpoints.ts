import { Agent, buildConnector, type Dispatcher } from "undici";
import { Gate } from "../lib/gate.ts";
import { reasonOf, retryAfterSeconds } from "../lib/http-words.ts";
import { publicConnector } from "../lib/public-addresses.ts";

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
}

/** How much of an answer's body is read (and dropped), so that its connection can be used again. */
const maxBodyBytes = 64 * 1024;

/**
 * Posts to the endpoints of webhooks: keep-alive connections by origin, HTTP/1.1, no redirects. A request is
 * never repeated here.
 */
export class Endpoints {
  readonly #agent: Agent;
  readonly #timeoutMs: number;
  readonly #gate: Gate;

  constructor({ publicOnly, timeoutMs, maxConcurrent }: EndpointOptions) {
    const connect = { allowH2: false, timeout: timeoutMs };
    this.#agent = new Agent({
      connect: publicOnly ? publicConnector(connect) : buildConnector(connect),
      pipelining: 1,
      keepAliveTimeout: 30_000,
    });
    this.#timeoutMs = timeoutMs;
    this.#gate = new Gate(maxConcurrent);
  }

  /** Never rejects. */
  post(url: string, headers: Readonly<Record<string, string>>, body: string): Promise<Answer> {
    return this.#gate.run(() => this.#post(url, headers, body));
  }

  /** Aborts the requests in progress. */
  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  async #post(url: string, headers: Readonly<Record<string, string>>, body: string): Promise<Answer> {
    const startedAt = performance.now();
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(), this.#timeoutMs);
    const latencyMs = (): number => Math.round(performance.now() - startedAt);
    try {
      const { origin, pathname, search } = new URL(url);
      const response = await this.#agent.request({
        origin,
        path: pathname + search,
        method: "POST",
        headers: { "content-type": "application/json", "user-agent": "smsgraph", ...headers },
        body,
        signal: limit.signal,
      });
      const answer = { ...judge(response), latencyMs: latencyMs() };
      // The answer counts once its status is known.
      await response.body.dump({ limit: maxBodyBytes, signal: limit.signal }).catch(() => undefined);
      return answer;
    } catch (error) {
      const problem = limit.signal.aborted
        ? `no answer within ${this.#timeoutMs / 1000} s`
        : reasonOf(error as Error, true, "ALLOW_PRIVATE_WEBHOOKS");
      return { kind: "failed", latencyMs: latencyMs(), problem };
    } finally {
      clearTimeout(timer);
    }
  }
}

function judge({ statusCode, headers }: Dispatcher.ResponseData): Omit<Answer, "latencyMs"> {
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
