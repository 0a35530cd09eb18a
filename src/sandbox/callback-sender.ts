import { Agent, request } from "undici";
import type { Timers } from "./clock.ts";

interface CallbackSenderOptions {
  userAgent: string;
  timers: Timers;
  /** How many times a callback is posted in all. */
  attempts: number;
  /** Wait before the second attempt; each further wait is twice as long. */
  retryDelayMs: number;
  log: (line: string) => void;
}

interface CallbackDetails {
  /** Whether a status acknowledges the callback and ends the retries. Default: only 200. */
  isAcknowledged?: (status: number) => boolean;
  /** Default: JSON. */
  contentType?: string;
  /** Called when the last attempt was not acknowledged. */
  givenUp?: () => void;
}

export interface CallbackSender {
  /**
   * Posts a body. Resolves when the first attempt was answered or failed; retries follow in the background.
   * Never rejects.
   */
  send(url: string, body: string, details?: CallbackDetails): Promise<void>;
  /** Aborts the attempts in progress without waiting for receivers. */
  close(): Promise<void>;
}

/** Concurrent callbacks to one receiver. */
const connectionsPerReceiver = 256;
const answerTimeoutMs = 10_000;
/** Maximum callbacks in memory, for a receiver that does not answer. */
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

  /** Undefined when acknowledged; otherwise what went wrong. */
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
    // Logs only the receiver's host: the path may contain a secret.
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
