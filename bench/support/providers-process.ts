import { twins } from "../../src/sandbox/twins.ts";
import { startRoad } from "../../torture/road.ts";

/** The sandboxes of all providers, in a process of its own: what they do must not keep the one that measures waiting. */

export interface ProvidersOrder {
  /** How long each takes to answer. */
  answerMs: number;
}

export interface StartedProvider {
  kind: string;
  title: string;
  /** Where it answers, with the delay. */
  url: string;
  credentials: Record<string, string>;
}

/** Asks for the messages that a provider has, or how many it has twice. */
export type BooksQuestion = { kind: string; recipients: string[] } | "twice";

/** A receipt that nobody takes is posted once. */
const callbackRetries = { attempts: 1, delayMs: 0 };

async function start({ answerMs }: ProvidersOrder): Promise<void> {
  const running = await Promise.all(
    twins.map(async (twin) => {
      const server = await twin.start({ port: 0, maxMessages: 1_000_000, callbackRetries });
      const road = await startRoad({
        target: () => server.url,
        trouble: () => ({ delayMs: answerMs }),
        hangMs: 30_000,
      });
      return { twin, server, road };
    }),
  );
  const numbersOf = (kind?: string): string[] =>
    running
      .filter(({ twin }) => kind === undefined || twin.kind === kind)
      .flatMap(({ server }) => server.book().map(({ to }) => to));
  process.on("message", (question: BooksQuestion) => {
    if (question === "twice") {
      const numbers = numbersOf();
      process.send?.(numbers.length - new Set(numbers).size);
    } else {
      const has = new Set(numbersOf(question.kind));
      process.send?.(question.recipients.filter((to) => has.has(to)).length);
    }
  });
  const started = running.map(({ twin: { kind, title }, server: { credentials }, road: { url } }) => ({
    kind,
    title,
    url,
    credentials,
  }));
  process.send?.(started satisfies StartedProvider[]);
}

process.once("message", (order: ProvidersOrder) => void start(order));
process.on("disconnect", () => process.exit());
