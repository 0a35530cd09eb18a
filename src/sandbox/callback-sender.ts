import { Agent, request } from "undici";
import type { Timers } from "./clock.ts";

export interface CallbackSenderOptions {
  userAgent: string;
  timers: Timers;
  /** How often a callback is posted before it is given up. */
  attempts: number;
  /** Wait before the second attempt; every further wait is twice as long. */
  retryDelayMs: number;
  log: (line: string) => void;
}

export interface CallbackSender {
  /**
   * Posts a JSON body. Resolves when the first attempt has been answered or has failed; the repetitions
   * follow in the background. Never rejects.
   */
  send(url: string, body: string): Promise<void>;
  /** Breaks off what is under way. Waits for no receiver. */
  close(): Promise<void>;
}

/** Callbacks under way to one receiver at a time. */
const connectionsPerReceiver = 256;
const answerTimeoutMs = 10_000;
/** Callbacks in memory at most: a receiver that answers nothing must not fill it. */
const maxPending = 250_000;

export function createCallbackSender(options: CallbackSenderOptions): CallbackSender {
  const { timers, attempts, retryDelayMs, log } = options;
  const agent = new Agent({
    connections: connectionsPerReceiver,
    connect: { timeout: answerTimeoutMs },
    headersTimeout: answerTimeoutMs,
    bodyTimeout: answerTimeoutMs,
  });
  const headers = { "content-type": "application/json", "user-agent": options.userAgent };
  let pending = 0;

  /** Undefined when acknowledged, else what went wrong. Only 200 acknowledges. */
  async function post(url: string, body: string): Promise<string | undefined> {
    try {
      const answer = await request(url, { method: "POST", headers, body, dispatcher: agent });
      await answer.body.dump();
      return answer.statusCode === 200 ? undefined : `HTTP ${answer.statusCode}`;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  async function retry(url: string, body: string, firstProblem: string): Promise<void> {
    let problem: string | undefined = firstProblem;
    for (let attempt = 1; attempt < attempts; attempt++) {
      await timers.wait(retryDelayMs * 2 ** (attempt - 1));
      problem = await post(url, body);
      if (problem === undefined) break;
    }
    pending--;
    // The receiver's host only: its path may carry a secret.
    if (problem !== undefined) log(`callback to ${new URL(url).host} given up: ${problem}`);
  }

  return {
    async send(url, body) {
      if (pending >= maxPending) return log(`callback to ${new URL(url).host} dropped: too many are waiting`);
      pending++;
      const problem = await post(url, body);
      if (problem === undefined) pending--;
      else void retry(url, body, problem);
    },
    close: () => agent.destroy(),
  };
}
