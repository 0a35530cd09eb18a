import type { GraphiQLOptions } from "graphql-yoga";

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

/**
 * GraphiQL from local files, without a CDN, so it works offline. In development the key is filled in. Over
 * WebSocket the key is sent with each operation, as `extensions.headers`.
 */
export function graphiqlPage(developmentKey: string | undefined): {
  options: GraphiQLOptions;
  render: () => Promise<string>;
} {
  const headers = JSON.stringify({ authorization: `Bearer ${developmentKey ?? "<your API key>"}` }, null, 2);
  const options: GraphiQLOptions = {
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
  let page: Promise<string> | undefined;
  const render = async (): Promise<string> => {
    // Loaded on demand: it takes more than 30 MB of memory, and most processes never serve this page.
    const { renderGraphiQL } = await import("@graphql-yoga/render-graphiql");
    return forgetTabsOfOtherKey(renderGraphiQL(options), headers);
  };
  return { options, render: () => (page ??= render()) };
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
