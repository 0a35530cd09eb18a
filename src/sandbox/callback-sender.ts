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

export interface CallbackDetails {
  /** Whether an answer of this status ends the repetitions. Only 200 does unless told otherwise. */
  isAcknowledged?: (status: number) => boolean;
  /** JSON unless told otherwise. */
  contentType?: string;
  /** Called when nobody acknowledged the last attempt. */
  givenUp?: () => void;
}

export interface CallbackSender {
  /**
   * Posts a body. Resolves when the first attempt has been answered or has failed; the repetitions follow in
   * the background. Never rejects.
   */
  send(url: string, body: string, details?: CallbackDetails): Promise<void>;
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
  let pending = 0;

  /** Undefined when acknowledged, else what went wrong. */
  async function post(url: string, body: string, details: CallbackDetails): Promise<string | undefined> {
    const { contentType = "application/json", isAcknowledged = (status) => status === 200 } = details;
    const headers = { "content-type": contentType, "user-agent": options.userAgent };
    try {
      const answer = await request(url, { method: "POST", headers, body, dispatcher: agent });
      await answer.body.dump();
      return isAcknowledged(answer.statusCode) ? undefined : `HTTP ${answer.statusCode}`;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  async function retry(attempt: () => ReturnType<typeof post>, host: string, firstProblem: string) {
    let problem: string | undefined = firstProblem;
    for (let made = 1; made < attempts && problem !== undefined; made++) {
      await timers.wait(retryDelayMs * 2 ** (made - 1));
      problem = await attempt();
    }
    pending--;
    // The receiver's host only: its path may carry a secret.
    if (problem !== undefined) log(`callback to ${host} given up: ${problem}`);
    return problem === undefined;
  }

  return {
    async send(url, body, details = {}) {
      const { host } = new URL(url);
      if (pending >= maxPending) return log(`callback to ${host} dropped: too many are waiting`);
      pending++;
      const attempt = () => post(url, body, details);
      const problem = await attempt();
      if (problem === undefined) pending--;
      else void retry(attempt, host, problem).then((isTaken) => isTaken || details.givenUp?.());
    },
    close: () => agent.destroy(),
  };
}
