import type { GraphqlClient } from "./graphql-client.ts";

export interface WebhookState {
  id: string;
  name: string;
  url: string;
  status: "ACTIVE" | "RETRYING" | "DISABLED";
  problem: string | null;
  nextAttemptAt: string | null;
  disabledAt: string | null;
  cursor: string;
}

export interface ListedDelivery {
  webhookId: string;
  status: string;
  events: number;
  attempts: number;
  responseCode: number | null;
  latencyMilliseconds: number;
  problem: string | null;
}

const fields = "id name url status problem nextAttemptAt disabledAt cursor";

/** What every mutation here is answered with: its success, or a typed error. */
export type Outcome<Success> = Success & { code?: string; message?: string; field?: string };

const errors = "... on Error { code message } ... on InvalidInputError { field }";

/** Calls a mutation with its input, or with an id. */
async function call<Success>(client: GraphqlClient, name: string, input: object | string, success: string) {
  const isId = typeof input === "string";
  const type = isId ? "ID!" : `${name[0]?.toUpperCase()}${name.slice(1)}Input!`;
  const data = await client.data<{ result: Outcome<Success> }>(
    `mutation ($input: ${type}) { result: ${name}(${isId ? "id" : "input"}: $input) { ${success} ${errors} } }`,
    { input },
  );
  return data.result;
}

export const createWebhook = (client: GraphqlClient, input: object) =>
  call<{ secret: string; webhook: WebhookState }>(
    client,
    "createWebhook",
    { name: "Hook", ...input },
    `... on CreatedWebhook { secret webhook { ${fields} } }`,
  );

export const rotateWebhookSecret = (client: GraphqlClient, id: string) =>
  call<{ secret: string; webhook: { earlierSecretUntil: string } }>(
    client,
    "rotateWebhookSecret",
    id,
    "... on RotatedWebhookSecret { secret webhook { earlierSecretUntil } }",
  );

export const sendTestWebhook = (client: GraphqlClient, id: string) =>
  call<{ delivered: boolean; responseCode: number | null; problem: string | null }>(
    client,
    "sendTestWebhook",
    id,
    "... on WebhookTest { delivered responseCode problem }",
  );

const changes = (name: string) => (client: GraphqlClient, input: object | string) =>
  call<WebhookState>(client, name, input, `... on Webhook { ${fields} }`);

export const updateWebhook = changes("updateWebhook");
export const deleteWebhook = changes("deleteWebhook");
export const replayWebhook = changes("replayWebhook");

export async function readWebhook(client: GraphqlClient, id: string): Promise<WebhookState | null> {
  const query = `query ($id: ID!) { webhook(id: $id) { ${fields} } }`;
  return (await client.data<{ webhook: WebhookState | null }>(query, { id })).webhook;
}

export async function readDeliveries(client: GraphqlClient, id: string): Promise<ListedDelivery[]> {
  const { webhook } = await client.data<{ webhook: { deliveries: { edges: { node: ListedDelivery }[] } } }>(
    `query ($id: ID!) { webhook(id: $id) { deliveries(first: 100) { edges { node {
      webhookId status events attempts responseCode latencyMilliseconds problem
    } } } } }`,
    { id },
  );
  return webhook.deliveries.edges.map(({ node }) => node);
}
