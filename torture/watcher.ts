import { WebSocket } from "ws";
import type { Chance } from "./chance.ts";
import { RunningLog } from "./running-log.ts";

const query = `subscription ($after: Cursor) {
  messageEvents(after: $after) {
    __typename
    ... on MessageEventBatch { cursor events { id } }
    ... on CaughtUp { cursor }
    ... on StreamReset { cursor reason }
  }
}`;

interface Frame {
  __typename: "MessageEventBatch" | "CaughtUp" | "StreamReset";
  cursor: string;
  events?: { id: string }[];
}

interface Message {
  type: string;
  payload?: { data?: { messageEvents: Frame } | null; errors?: unknown } | Refusal[];
}

interface Refusal {
  extensions?: { code?: string };
}

/** The database was away when the stream began: docs/live.md says to try again, from the last event. */
const isPassing = (payload: Message["payload"]): boolean =>
  Array.isArray(payload) && payload.every(({ extensions }) => extensions?.code === "UNAVAILABLE");

export interface WatcherOptions {
  /** WebSocket addresses; each session is with one of them. */
  urls: readonly string[];
  key: string;
  /** Where the log begins. */
  cursor: string;
  /** Sessions are cut after this long on average. */
  sessionSeconds: number;
  chance: Chance;
}

const reconnectMs = 100;

/**
 * A client that loses its connection again and again, comes back to whichever server it finds with nothing but its
 * last cursor, and keeps a log of what it was given.
 */
export class Watcher {
  readonly log = new RunningLog();
  sessions = 0;
  /** What should never have come. */
  problem: string | undefined;
  #cursor: string;
  #least = Infinity;
  #isOver = false;
  #socket: WebSocket | undefined;
  readonly #options: WatcherOptions;

  constructor(options: WatcherOptions) {
    this.#options = options;
    this.#cursor = options.cursor;
  }

  /** Resolves after `end`, or with a problem. */
  async run(): Promise<void> {
    while (!this.#isOver) {
      await this.#session();
      if (!this.#isOver)
        await new Promise((done) => setTimeout(done, this.#options.chance.below(reconnectMs)));
    }
  }

  /** Comes back once more, and stops when its log has at least so many events. */
  end(least: number): void {
    this.#least = least;
    this.#socket?.terminate();
  }

  abandon(): void {
    this.#isOver = true;
    this.#socket?.terminate();
  }

  /** One connection, until it breaks. */
  #session(): Promise<void> {
    const { urls, key, sessionSeconds, chance } = this.#options;
    const least = this.#least;
    const socket = new WebSocket(chance.pick(urls), "graphql-transport-ws");
    this.#socket = socket;
    const cut = setTimeout(() => socket.terminate(), -Math.log(1 - chance.next()) * sessionSeconds * 1000);
    const send = (message: object): void => socket.send(JSON.stringify(message));
    socket.on("open", () => {
      send({ type: "connection_init", payload: { authorization: `Bearer ${key}` } });
    });
    socket.on("message", (data: Buffer) => {
      // What still comes after the cut is as lost as if it had never come.
      if (socket.readyState !== WebSocket.OPEN) return;
      const { type, payload } = JSON.parse(data.toString("utf8")) as Message;
      const variables = { after: this.#cursor };
      if (type === "connection_ack") {
        this.sessions++;
        send({ id: "1", type: "subscribe", payload: { query, variables } });
      } else if (type === "next" && payload && "data" in payload && payload.data) {
        this.#take(payload.data.messageEvents);
        if (this.log.count >= least) this.abandon();
      } else if (type === "error" && isPassing(payload)) {
        socket.terminate();
      } else if (type !== "complete") {
        this.#fail(data.toString("utf8"));
      }
    });
    // A refused or broken connection is what this is about; `close` follows.
    socket.on("error", () => undefined);
    return new Promise((done) => {
      socket.on("close", () => {
        clearTimeout(cut);
        done();
      });
    });
  }

  #take(frame: Frame): void {
    if (frame.__typename === "StreamReset") this.#fail(JSON.stringify(frame));
    for (const { id } of frame.events ?? []) this.log.add(id);
    this.#cursor = frame.cursor;
  }

  #fail(problem: string): void {
    this.problem = problem.slice(0, 500);
    this.abandon();
  }
}
