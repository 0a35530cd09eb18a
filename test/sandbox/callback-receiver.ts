import { EventEmitter, once } from "node:events";
import { createServer, type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";

export interface ReceivedCallback {
  method: string | undefined;
  headers: IncomingHttpHeaders;
  text: string;
}

export interface CallbackReceiver {
  url: string;
  received: readonly ReceivedCallback[];
  /** Waits until this many have come in, whenever they came. */
  take(count: number): Promise<readonly ReceivedCallback[]>;
  close(): Promise<void>;
}

/** A real HTTP server that keeps what is posted to it. `answer` gives the status, when it is time to. */
export async function startCallbackReceiver(
  answer: (callback: ReceivedCallback) => number | Promise<number> = () => 200,
): Promise<CallbackReceiver> {
  const received: ReceivedCallback[] = [];
  const events = new EventEmitter();
  const receive = async (incoming: IncomingMessage): Promise<number> => {
    const { method, headers } = incoming;
    const callback = { method, headers, text: await text(incoming) };
    received.push(callback);
    events.emit("received");
    return answer(callback);
  };
  const server = createServer((incoming, response) => {
    void receive(incoming).then((status) => response.writeHead(status).end());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    url: `http://127.0.0.1:${address.port}/receipts`,
    received,
    async take(count) {
      while (received.length < count) await once(events, "received");
      return received.slice(0, count);
    },
    async close() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
