import { renderGraphiQL } from "@graphql-yoga/render-graphiql";
import type { GraphiQLOptions } from "graphql-yoga";

const sendTab = `# 1. Send a message. The last three digits of the number choose a sandbox scenario:
#    000 is delivered, 001 is not, and docs/sandbox.md lists the others.
mutation Send {
  sendMessage(input: { to: "+421901000000", from: "smsgraph", text: "Hello from smsgraph" }) {
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

const queryTab = `# 2. See where your messages stand.
query Messages {
  messages(first: 10) {
    edges {
      node {
        id
        to
        text
        status
        provider {
          name
        }
        events(first: 20) {
          edges {
            node {
              status
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

const watchTab = `# 3. Press play, then send a message in the first tab: every delivery receipt arrives here, live.
subscription Watch {
  messageEvents {
    ... on MessageEventBatch {
      cursor
      events {
        status
        providerStatus
        source
        applied
        message {
          id
          to
        }
      }
    }
    ... on CaughtUp {
      cursor
    }
  }
}
`;

/**
 * GraphiQL from our own files: no CDN, works offline. In development the key is filled in; it travels in the
 * WebSocket's connection parameters too.
 */
export function graphiqlPage(developmentKey: string | undefined): {
  options: GraphiQLOptions;
  render: () => string;
} {
  const headers = JSON.stringify({ authorization: `Bearer ${developmentKey ?? "<your API key>"}` }, null, 2);
  const options: GraphiQLOptions = {
    title: "smsgraph",
    headers,
    defaultHeaders: headers,
    shouldPersistHeaders: true,
    defaultTabs: [sendTab, queryTab, watchTab].map((query) => ({ query, headers })),
    subscriptionsProtocol: "WS",
    endpoint: "/graphql",
  };
  let page: string | undefined;
  return { options, render: () => (page ??= renderGraphiQL(options)) };
}
