import { createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { GraphiQLOptions } from "graphql-yoga";
import { isOpenedHere } from "../../http/browser-guard.ts";
import { accepts, sendFile } from "../../http/static-file.ts";
import { answer } from "../../http/status.ts";

const sendTab = `# 1. Send a message: press the play button.
#    The last three digits of the number choose what the
#    sandbox does: 000 delivers, 001 does not, and
#    docs/sandbox.md lists all the others.
mutation Send {
  sendMessage(
    input: {
      to: "+421901000000"
      from: "smsgraph"
      text: "Hello from smsgraph"
    }
  ) {
    ... on Message {
      id
      status
      segments
    }
    ... on Error {
      code
      message
    }
  }
}
`;

const queryTab = `# 2. See where your messages stand, and how they got there.
query Messages {
  messages(first: 10) {
    edges {
      node {
        id
        to
        text
        status
        cost {
          amount
          currency
        }
        provider {
          name
        }
        events(first: 20) {
          edges {
            node {
              status
              providerStatus
              source
              applied
              ignoredReason
              occurredAt
            }
          }
        }
      }
    }
  }
}
`;

const watchTab = `# 3. Watch everything live: press play, then send
#    messages from a second window. (GraphiQL ends a
#    subscription when you leave its tab.)
subscription Watch {
  messageEvents {
    ... on MessageEventBatch {
      events {
        status
        providerStatus
        source
        applied
        message {
          id
          to
          text
        }
      }
      cursor
    }
    ... on CaughtUp {
      cursor
    }
  }
}
`;

const followTab = `# 4. Follow one message: put the id that Send gave between
#    the quotes. Its state comes at once, then each change.
subscription Follow {
  messageChanged(id: "") {
    status
    isFinal
    version
    providerStatus
    submittedAt
    deliveredAt
    failure {
      text
      permanent
    }
  }
}
`;

/** The tabs that GraphiQL opens with. */
export const graphiqlTabs = [sendTab, queryTab, watchTab, followTab];

const logo =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32" width="30" height="30">' +
  '<path fill="#d60590" d="M6 4h20a4 4 0 0 1 4 4v12a4 4 0 0 1-4 4H15l-7 6v-6H6a4 4 0 0 1-4-4V8a4 4 0 0 1 4-4z"/>' +
  '<g fill="#fff"><circle cx="10" cy="14" r="2"/><circle cx="16" cy="14" r="2"/><circle cx="22" cy="14" r="2"/></g>' +
  "</svg>";

const folder = "/graphql/assets/";

const scriptType = "text/javascript; charset=utf-8";

interface File {
  type: string;
  bytes: Buffer;
  /** The same, compressed: all of them together have 2.4 MB instead of nine. */
  gzip: Buffer;
}

/** GraphiQL's own files, by the path they have here. Their names change with their content. */
interface Files {
  byPath: ReadonlyMap<string, File>;
  style: string;
  script: string;
  /** Scripts that Monaco, the editor, runs in workers. */
  workers: Readonly<Record<string, string>>;
}

const compress = promisify(gzip);

/** Loaded on demand: they take some 50 MB of memory, and most processes never serve them. */
async function loadFiles(): Promise<Files> {
  const { css, js, editorWorkerService, jsonWorker, graphqlWorker } =
    await import("@graphql-yoga/render-graphiql/graphiql");
  const byPath = new Map<string, File>();
  const keep = async (name: string, type: string, content: string): Promise<string> => {
    const path = `${folder}${digest(content, "hex").slice(0, 16)}-${name}`;
    const bytes = Buffer.from(content);
    byPath.set(path, { type, bytes, gzip: await compress(bytes) });
    return path;
  };
  const [style, script, editor, json, graphql] = await Promise.all([
    keep("graphiql.css", "text/css; charset=utf-8", css),
    keep("graphiql.js", scriptType, js),
    keep("editor-worker.js", scriptType, editorWorkerService),
    keep("json-worker.js", scriptType, jsonWorker),
    keep("graphql-worker.js", scriptType, graphqlWorker),
  ]);
  return { byPath, style, script, workers: { editorWorkerService: editor, json, graphql } };
}

/**
 * GraphiQL from local files, without a CDN, so it works offline. In development the key is filled in for people who
 * open it on this machine. Over WebSocket the key is sent with each operation, as `extensions.headers`.
 */
export class GraphiqlPage {
  readonly #developmentKey: string | undefined;
  #loading: Promise<Files> | undefined;

  constructor(developmentKey: string | undefined) {
    this.#developmentKey = developmentKey;
  }

  /** Whether a browser asks for the page, or anybody for one of its files. */
  has({ method, headers }: IncomingMessage, path: string): boolean {
    if (method !== "GET") return false;
    if (path.startsWith(folder)) return true;
    return /^\/graphql\/?$/.test(path) && headers.accept?.includes("text/html") === true;
  }

  async serve(request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
    const files = await (this.#loading ??= loadFiles());
    const file = files.byPath.get(path);
    if (file) return sendGraphiqlFile(request, response, file);
    if (path.startsWith(folder)) return answer(response, 404, "not found");
    const page = renderPage(files, isOpenedHere(request) ? this.#developmentKey : undefined);
    response.setHeader("content-security-policy", page.policy);
    response.writeHead(200, {
      "content-type": "text/html; charset=utf-8",
      "content-length": Buffer.byteLength(page.html),
      "cache-control": "no-store",
    });
    response.end(page.html);
  }
}

function sendGraphiqlFile(
  request: IncomingMessage,
  response: ServerResponse,
  { type, bytes, gzip: zipped }: File,
): Promise<void> {
  const isZipped = accepts(request, "gzip");
  const sent = isZipped ? { bytes: zipped, coding: "gzip" } : { bytes, coding: undefined };
  return sendFile(request, response, { type, isForEver: true, ...sent });
}

function optionsFor(key: string | undefined): GraphiQLOptions {
  const headers = JSON.stringify({ authorization: `Bearer ${key ?? "<your API key>"}` }, null, 2);
  return {
    title: "smsgraph",
    logo,
    headers,
    defaultHeaders: headers,
    shouldPersistHeaders: true,
    defaultTabs: graphiqlTabs.map((query) => ({ query, headers })),
    subscriptionsProtocol: "WS",
    endpoint: "/graphql",
  };
}

function renderPage(
  { style, script, workers }: Files,
  key: string | undefined,
): { html: string; policy: string } {
  const options = optionsFor(key);
  const scripts = [forgetTabsOfOtherKey(options.headers ?? ""), startGraphiql(options, workers)] as const;
  const html = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <title>${options.title}</title>
    <link rel="icon" href="data:image/svg+xml,${encodeURIComponent(logo)}" />
    <link rel="stylesheet" href="${style}" />
    <script>${scripts[0]}</script>
  </head>
  <body id="body" class="no-focus-outline">
    <noscript>GraphiQL needs JavaScript.</noscript>
    <div id="root"></div>
    <script src="${script}"></script>
    <script>${scripts[1]}</script>
  </body>
</html>
`;
  return { html, policy: policyFor(scripts) };
}

/** Only our own files, and the two scripts in the page. The editor sets styles of elements while people write. */
const policyFor = (scripts: readonly string[]): string =>
  [
    "default-src 'none'",
    `script-src 'self' ${scripts.map((script) => `'sha256-${digest(script, "base64")}'`).join(" ")}`,
    "style-src 'self' 'unsafe-inline'",
    "worker-src 'self'",
    "font-src 'self' data:",
    "img-src data:",
    "connect-src 'self' ws: wss:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");

const digest = (text: string, form: "hex" | "base64"): string =>
  createHash("sha256").update(text).digest(form);

/** As JavaScript that may stand in a page. */
const literal = (value: unknown): string => JSON.stringify(value).replaceAll("<", String.raw`\u003c`);

const startGraphiql = (options: GraphiQLOptions, workers: Files["workers"]): string => `
    const workers = ${literal(workers)};
    self.MonacoEnvironment = { globalAPI: false, getWorkerUrl: (_module, label) => workers[label] };
    YogaGraphiQL.renderYogaGraphiQL(document.querySelector("#root"), ${literal(options)});
  `;

/**
 * GraphiQL keeps its tabs and their headers in the browser. Tabs of another database hold an old key and
 * would fail, so they are replaced.
 */
const forgetTabsOfOtherKey = (headers: string): string => `
    if (localStorage.getItem("smsgraph:headers") !== ${literal(headers)}) {
      for (const name of ["tabState", "headers"]) localStorage.removeItem("graphiql:" + name);
      localStorage.setItem("smsgraph:headers", ${literal(headers)});
    }
  `;
