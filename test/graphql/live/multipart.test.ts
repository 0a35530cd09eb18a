import { ApolloClient, gql, HttpLink, InMemoryCache } from "@apollo/client";
import { possibleTypes } from "smsgraph/possible-types";
import { afterAll, beforeAll, expect, it } from "vitest";
import { connectTestSandbox, startTestApp, type TestApp } from "../../support/app.ts";
import { sendAll, type LiveFrame } from "../../support/live.ts";
import { eventually } from "../../support/process.ts";

const query = `subscription {
  messageEvents {
    __typename
    ... on MessageEventBatch { events { id status } }
    ... on CaughtUp { cursor }
  }
}`;
const accept = "multipart/mixed;boundary=graphql;subscriptionSpec=1.0,application/json";

let app: TestApp;
let closeSandbox: () => Promise<unknown>;

beforeAll(async () => {
  app = await startTestApp();
  const { sandbox } = await connectTestSandbox(app);
  closeSandbox = () => sandbox.close();
});

afterAll(async () => {
  await app.stop();
  await closeSandbox();
});

function apollo(url = app.url): ApolloClient {
  const link = new HttpLink({ uri: `${url}/graphql`, headers: app.client.headers });
  return new ApolloClient({ link, cache: new InMemoryCache({ possibleTypes }) });
}

it("Apollo Client's HttpLink gets every event as parts of one answer over HTTP", async () => {
  const statuses: string[] = [];
  let isOpen = false;
  const subscription = apollo()
    .subscribe<{ messageEvents: LiveFrame }>({ query: gql(query) })
    .subscribe(({ data }) => {
      isOpen = true;
      statuses.push(...(data?.messageEvents.events ?? []).map(({ status }) => status));
    });
  await eventually(() => isOpen);
  await sendAll(app, [{}]);
  await eventually(() => statuses.length >= 5);
  // A receipt may come before the answer is stored.
  expect(statuses.toSorted()).toEqual(["DELIVERED", "QUEUED", "SENT", "SUBMITTED", "SUBMITTING"]);
  subscription.unsubscribe();
  await eventually(() => app.services.streams.size === 0);
});

it("a multipart subscription that is refused is answered with its error", async () => {
  const body = JSON.stringify({ query: 'subscription { messageEvents(after: "no") { __typename } }' });
  const headers = { ...app.client.headers, "content-type": "application/json", accept };
  const response = await fetch(`${app.url}/graphql`, { method: "POST", headers, body });
  expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: "INVALID_CURSOR" } }] });
});

it("a multipart subscription that a stop breaks off ends without the last boundary", async () => {
  const other = await startTestApp({ runsWorker: false });
  const headers = { ...other.client.headers, "content-type": "application/json", accept };
  const response = await fetch(`${other.url}/graphql`, {
    method: "POST",
    headers,
    body: JSON.stringify({ query }),
  });
  expect(response.headers.get("content-type")).toContain("subscriptionSpec=1.0");
  await eventually(() => other.services.streams.size === 1);
  const stopped = other.stop();
  const text = await response.text();
  expect(text).toContain('{"payload":{"data":{"messageEvents":{"__typename":"CaughtUp"');
  expect(text).not.toContain("--graphql--");
  await stopped;
});
