import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Webhook } from "standardwebhooks";

/** The body of a webhook request, as docs/webhooks.md describes it. */
export interface WebhookBody {
  type: string;
  timestamp: string;
  data: Record<string, unknown> & { events?: WebhookEvent[]; message?: { id: string } };
}

export interface WebhookEvent {
  id: string;
  cursor: string;
  status: string;
  version: number;
  message: { id: string; text?: string };
}

/** A request as the receiver got it. */
export interface Received {
  path: string;
  headers: Record<string, string>;
  text: string;
  body: WebhookBody;
}

export type Answering = (received: Received, response: ServerResponse) => unknown;

/** The endpoint of somebody's webhook. */
export interface WebhookReceiver {
  url: string;
  /** Everything that arrived, also what was refused. */
  requests: Received[];
  /** What was answered with 2xx, each `webhook-id` once, as a receiver that drops repeats sees it. */
  taken(): WebhookEvent[];
  /** From now on; by default every request is answered with 204. */
  answer(how: Answering): void;
  close(): Promise<void>;
}

const takeAll: Answering = (_received, response) => response.writeHead(204).end();

export async function startWebhookReceiver(port = 0): Promise<WebhookReceiver> {
  const requests: Received[] = [];
  const taken = new Map<string, WebhookEvent[]>();
  let answering = takeAll;
  const take = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    let text = "";
    for await (const chunk of request.setEncoding("utf8")) text += chunk as string;
    const headers = request.headers as Record<string, string>;
    const received = { path: request.url ?? "", headers, text, body: JSON.parse(text) as WebhookBody };
    requests.push(received);
    response.on("finish", () => {
      const id = headers["webhook-id"] ?? "";
      if (response.statusCode < 300 && !taken.has(id)) taken.set(id, eventsOf(received.body));
    });
    await answering(received, response);
  };
  const server = createServer(
    (request, response) => void take(request, response).catch(() => response.destroy()),
  );
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    requests,
    taken: () => [...taken.values()].flat(),
    answer(how) {
      answering = how;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** The events in a body; none in a test or a reset. */
export function eventsOf({ type, data }: WebhookBody): WebhookEvent[] {
  if (type === "message.event") return [data as unknown as WebhookEvent];
  return data.events ?? [];
}

/** Answers every request with that status. */
export const answerWith =
  (status: number, headers: Record<string, string> = {}): Answering =>
  (_received, response) =>
    response.writeHead(status, headers).end();

/** The body, if the secret signed it. @throws Error otherwise */
export const verify = (secret: string, { text, headers }: Received): WebhookBody =>
  new Webhook(secret).verify(text, headers) as WebhookBody;
