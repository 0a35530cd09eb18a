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
  /** What it was answered with; 0 before that. */
  status: number;
}

type Answering = (report: Omit<ReceivedReport, "status">) => number | Promise<number>;

export interface ReportReceiver {
  origin: string;
  received: ReceivedReport[];
  /** From now on; 200 by default. */
  answer(how: Answering): void;
  close(): Promise<void>;
}

const takeAll = (): number => 200;

/** The endpoint of a client of a served API. */
export async function startReportReceiver(): Promise<ReportReceiver> {
  const received: ReceivedReport[] = [];
  let answering: Answering = takeAll;
  const server = createServer((request, response) => {
    let text = "";
    request.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
    const take = async (): Promise<void> => {
      const headers = request.headers as Record<string, string>;
      const report = { path: request.url ?? "", headers, text, json: parse(text), status: 0 };
      received.push(report);
      report.status = await answering(report);
      response.writeHead(report.status).end();
    };
    request.on("end", () => void take());
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
