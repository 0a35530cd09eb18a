import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** What a client of a served API got posted. */
export interface ReceivedReport {
  path: string;
  headers: Record<string, string | undefined>;
  text: string;
  /** Undefined when it is not JSON. */
  json: ReturnType<typeof JSON.parse>;
  /** What it was answered with. */
  status: number;
}

export interface ReportReceiver {
  origin: string;
  received: ReceivedReport[];
  /** From now on; 200 by default. */
  answer(how: (report: Omit<ReceivedReport, "status">) => number): void;
  close(): Promise<void>;
}

const takeAll = (): number => 200;

/** The endpoint of a client of a served API. */
export async function startReportReceiver(): Promise<ReportReceiver> {
  const received: ReceivedReport[] = [];
  let answering: (report: Omit<ReceivedReport, "status">) => number = takeAll;
  const server = createServer((request, response) => {
    let text = "";
    request.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
    request.on("end", () => {
      const report = { path: request.url ?? "", headers: request.headers as Record<string, string>, text };
      const known = { ...report, json: parse(text) };
      const status = answering(known);
      received.push({ ...known, status });
      response.writeHead(status).end();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
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

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
