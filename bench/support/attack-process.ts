import { connect } from "node:net";
import { setPriority } from "node:os";
import { setTimeout as pause } from "node:timers/promises";
import { WebSocket } from "ws";
import type { AttackKind, AttackOrder, AttackReport } from "./attack.ts";

// Attackers have machines of their own: theirs is not the processor that the server and the others need.
setPriority(19);

/** How long an answer may take before it counts as none. */
const hangMs = 30_000;

/** So many at the same time. */
const atOnce = 40;

const report: AttackReport = { tried: 0, letIn: 0, hanging: 0 };
let ending = new AbortController();

const deep = (levels: number): string =>
  `{ messages(first: 100) { edges { node ${"{ provider { id ".repeat(levels)} id ${"} }".repeat(levels)} } } }`;
const wide = `{ ${Array.from({ length: 2_000 }, (_, n) => `a${n}: messages(first: 100) { edges { node { text } } }`).join(" ")} }`;
const cyclic = "query { ...A } fragment A on Query { ...B } fragment B on Query { ...A }";
const directives = `{ viewer ${"@include(if: true) ".repeat(5_000)} { keyName } }`;
const lists = `query ($ids: [ID!]!) { nodes(ids: $ids) { id } }`;

/** Documents of which each would be expensive, or endless, if it were executed. */
const documents: readonly { query: string; variables?: object }[] = [
  { query: deep(200) },
  { query: wide },
  { query: cyclic },
  { query: directives },
  { query: lists, variables: { ids: Array.from({ length: 20_000 }, () => "x") } },
  { query: "{".repeat(30_000) },
];

let made = 0;

/** No two are the same: whoever remembers them gains nothing. */
function documentOf(turn: number): { query: string; variables?: object } {
  const { query, variables } = documents[turn % documents.length] ?? { query: "" };
  return { query: `#${made++}\n${query}`, ...(variables && { variables }) };
}

async function fetched(
  url: string,
  init: RequestInit,
  isIn: (answer: Response) => Promise<boolean>,
): Promise<void> {
  report.tried++;
  try {
    const answer = await fetch(url, { ...init, signal: AbortSignal.timeout(hangMs) });
    if (await isIn(answer)) report.letIn++;
  } catch (error) {
    // A connection that is closed is an answer.
    if ((error as Error).name === "TimeoutError") report.hanging++;
  }
}

const hasData = async (answer: Response): Promise<boolean> => {
  const { data, errors } = (await answer.json()) as { data?: object | null; errors?: unknown[] };
  return data != null && errors === undefined;
};
const isOk = async (answer: Response): Promise<boolean> => {
  await answer.arrayBuffer();
  return answer.ok;
};

const attacks: Readonly<Record<AttackKind, (order: AttackOrder, turn: number) => Promise<void>>> = {
  documents: ({ url, headers }, turn) =>
    fetched(
      `${url}/graphql`,
      {
        method: "POST",
        headers: { "content-type": "application/json", ...(turn % 2 === 0 && headers) },
        body: JSON.stringify(documentOf(turn)),
      },
      hasData,
    ),
  sockets: ({ url }) => onSocket(url, () => undefined),
  frames: ({ url, headers }) =>
    onSocket(url, async (socket) => {
      socket.send(JSON.stringify({ type: "connection_init", payload: headers }));
      for (let n = 0; n < 200 && socket.readyState === socket.OPEN; n++) {
        const query = documentOf(n).query.slice(0, 20_000);
        socket.send(JSON.stringify({ id: `s${n}`, type: "subscribe", payload: { query } }));
        if (n % 20 === 19) await pause(10);
      }
      socket.send("not JSON");
    }),
  uploads: ({ url, headers }, turn) => {
    const form = new FormData();
    form.set("operations", turn % 2 === 0 ? "{" : JSON.stringify({ query: wide, variables: { file: null } }));
    form.set("map", JSON.stringify({ 0: ["variables.file"] }));
    form.set("0", new Blob(["x".repeat(2 ** 20)]), "a.csv");
    return fetched(
      `${url}/graphql`,
      { method: "POST", body: form, headers: turn % 4 < 2 ? headers : {} },
      async (answer) => (answer.ok ? hasData(answer) : false),
    );
  },
  callbacks: ({ url, providerId }, turn) =>
    fetched(
      `${url}/callbacks/${turn % 2 === 0 ? providerId : crypto.randomUUID()}/${"x".repeat(32)}`,
      { method: "POST", headers: { "content-type": "application/json" }, body: "x".repeat(64_000) },
      isOk,
    ),
  chunks: ({ url }) => {
    report.tried++;
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname).on("error", () => undefined);
    socket.setTimeout(hangMs, () => {
      report.hanging++;
      socket.destroy();
    });
    socket.on("data", (data) => {
      if (String(data).startsWith("HTTP/1.1 200")) report.letIn++;
    });
    socket.write(`${head}${"1\r\n{\r\n".repeat(12_000)}0\r\n\r\n`);
    return new Promise((done) => socket.once("close", () => done()));
  },
  lists: ({ url, headers }, turn) =>
    fetched(
      `${url}/graphql`,
      {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: recipientLists[turn % recipientLists.length] ?? "",
      },
      hasData,
    ),
};

const head =
  "POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";

/** Recipients of whom each has values of other names, and recipients with hundreds of values. */
const recipientLists = [
  listOf(190, 200, (recipient, value) => `${recipient}x${value}`),
  listOf(150, 600, (_recipient, value) => `n${value}`),
];

function listOf(
  recipients: number,
  values: number,
  nameOf: (recipient: number, value: number) => string,
): string {
  const named = (recipient: number): object =>
    Object.fromEntries(Array.from({ length: values }, (_, value) => [nameOf(recipient, value), "x"]));
  const input = {
    name: "x",
    text: "x",
    dryRun: true,
    recipients: Array.from({ length: recipients }, (_, n) => ({
      to: `+4219${10_000_000 + n}`,
      values: named(n),
    })),
  };
  const query = "mutation ($input: CreateCampaignInput!) { createCampaign(input: $input) { __typename } }";
  return JSON.stringify({ query, variables: { input } });
}

/** Opens a socket, does something, and waits until the server has closed it. */
async function onSocket(url: string, work: (socket: WebSocket) => unknown): Promise<void> {
  report.tried++;
  const socket = new WebSocket(`${url.replace("http", "ws")}/graphql`, "graphql-transport-ws");
  socket.on("error", () => undefined);
  const closed = new Promise<void>((done) => socket.once("close", () => done()));
  socket.once("open", () => void Promise.resolve(work(socket)).catch(() => undefined));
  const timeout = new AbortController();
  const late = pause(hangMs, "late", { signal: timeout.signal }).catch(() => "");
  if ((await Promise.race([closed, late])) === "late") report.hanging++;
  timeout.abort();
  socket.terminate();
}

async function run(order: AttackOrder, { signal }: AbortController): Promise<void> {
  let turn = 0;
  const isOver = (): boolean => signal.aborted;
  const one = async (): Promise<void> => {
    while (!isOver()) {
      await attacks[order.kind](order, turn++);
      await pause(order.pauseMs);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, one));
  process.send?.(report);
}

process.on("message", (message: AttackOrder | "end") => {
  if (message === "end") ending.abort();
  else {
    ending = new AbortController();
    Object.assign(report, { tried: 0, letIn: 0, hanging: 0 });
    void run(message, ending);
  }
});
