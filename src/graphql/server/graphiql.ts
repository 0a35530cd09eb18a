import type { IncomingMessage, ServerResponse } from "node:http";
import type { GraphiQLOptions } from "graphql-yoga";
import { isOpenedHere } from "../../http/browser-guard.ts";

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

/** Scripts and styles are inline in the page, and workers are made from blobs. */
const policy = [
  "default-src 'none'",
  "script-src 'unsafe-inline' blob:",
  "style-src 'unsafe-inline'",
  "worker-src blob:",
  "font-src data:",
  "img-src data:",
  "connect-src 'self' ws: wss:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** Of a request over HTTP. */
interface NodeContext {
  req?: IncomingMessage;
  res?: ServerResponse;
}

interface GraphiqlPage {
  options: (request: Request, context: unknown) => GraphiQLOptions | false;
  render: (options?: GraphiQLOptions) => Promise<string>;
}

/**
 * GraphiQL from local files, without a CDN, so it works offline. In development the key is filled in for people who
 * open it on this machine. Over WebSocket the key is sent with each operation, as `extensions.headers`.
 */
export function graphiqlPage(isOn: boolean, developmentKey: string | undefined): GraphiqlPage {
  const pages = new Map<string, Promise<string>>();
  return {
    options(_request, context) {
      const { req, res } = context as NodeContext;
      if (!isOn || !req) return false;
      res?.setHeader("content-security-policy", policy);
      return optionsFor(isOpenedHere(req) ? developmentKey : undefined);
    },
    async render(options = {}) {
      const { headers = "" } = options;
      const page = pages.get(headers) ?? renderPage(options, headers);
      pages.set(headers, page);
      return page;
    },
  };
}

function optionsFor(key: string | undefined): GraphiQLOptions {
  const headers = JSON.stringify({ authorization: `Bearer ${key ?? "<your API key>"}` }, null, 2);
  return {
    title: "smsgraph",
    logo,
    favicon: `data:image/svg+xml,${encodeURIComponent(logo)}`,
    headers,
    defaultHeaders: headers,
    shouldPersistHeaders: true,
    defaultTabs: graphiqlTabs.map((query) => ({ query, headers })),
    subscriptionsProtocol: "WS",
    endpoint: "/graphql",
  };
}

async function renderPage(options: GraphiQLOptions, headers: string): Promise<string> {
  // Loaded on demand: it takes more than 30 MB of memory, and most processes never serve this page.
  const { renderGraphiQL } = await import("@graphql-yoga/render-graphiql");
  return forgetTabsOfOtherKey(renderGraphiQL(options), headers);
}

/**
 * GraphiQL keeps its tabs and their headers in the browser. Tabs of another database hold an old key and
 * would fail, so they are replaced.
 */
function forgetTabsOfOtherKey(page: string, headers: string): string {
  const current = JSON.stringify(headers).replaceAll("<", String.raw`\u003c`);
  const script = `<script>
    if (localStorage.getItem("smsgraph:headers") !== ${current}) {
      for (const name of ["tabState", "headers"]) localStorage.removeItem("graphiql:" + name);
      localStorage.setItem("smsgraph:headers", ${current});
    }
  </script>`;
  return page.replace("<head>", () => `<head>${script}`);
}
