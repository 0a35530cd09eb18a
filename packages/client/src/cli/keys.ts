import type { Client } from "../client.ts";
import { connect, accessHelp, print, readArguments, successOf, UsageError, type Command } from "./command.ts";

const options = {
  name: { type: "string", default: "key" },
  scopes: { type: "string", default: "READ,SEND" },
  expires: { type: "string" },
} as const;

const help = `Makes, lists and revokes API keys, with a key that has the scope ADMIN.

Usage: smsgraph keys [list]
       smsgraph keys create [--name <what for>] [--scopes READ,SEND,ADMIN] [--expires <time>]
       smsgraph keys revoke <id>

create      Only the key is written to standard output. It is shown only once.
  --name      what the key is for (default: "key")
  --scopes    what it may do: READ, SEND, ADMIN (default: READ,SEND)
  --expires   when it ends by itself, such as 2027-01-31T00:00:00Z (default: never)

${accessHelp}`;

interface Key {
  id: string;
  name: string;
  scopes: string[];
  createdAt: string;
  lastUsedAt: string | null;
  expiresAt: string | null;
  revokedAt: string | null;
  isCurrent: boolean;
}

async function run(rest: string[]): Promise<void> {
  const { values, positionals } = readArguments(rest, options);
  const [action = "list", id, ...more] = positionals;
  if (!["list", "create", "revoke"].includes(action))
    throw new UsageError(`There is no "${action}".\n\n${help}`);
  if (more.length > 0 || (id !== undefined && action !== "revoke"))
    throw new UsageError(`"${more[0] ?? id}" is one word too many.\n\n${help}`);
  const client = connect(values);
  if (action === "create") {
    const { name, scopes, expires: expiresAt } = values;
    const input = { name, scopes: scopes.split(","), ...(expiresAt !== undefined && { expiresAt }) };
    const { createApiKey } = await client.request<{ createApiKey: { secret: string } }>({
      query: `mutation ($input: CreateApiKeyInput!) {
        createApiKey(input: $input) { ... on CreatedApiKey { secret } ... on Error { code message } }
      }`,
      variables: { input },
    });
    return print(successOf(createApiKey).secret);
  }
  if (action === "revoke") {
    if (id === undefined) throw new UsageError("Which key? `smsgraph keys` shows their ids.");
    const { revokeApiKey } = await client.request<{ revokeApiKey: object }>({
      query: `mutation ($id: ID!) { revokeApiKey(id: $id) { ... on ApiKey { id } ... on Error { code message } } }`,
      variables: { id },
    });
    successOf(revokeApiKey);
    return print(`${id} is revoked`);
  }
  for await (const key of allKeys(client)) print(describe(key));
}

const listQuery = `query ($after: String) {
  apiKeys(first: 100, after: $after) {
    edges { node { id name scopes createdAt lastUsedAt expiresAt revokedAt isCurrent } }
    pageInfo { hasNextPage endCursor }
  }
}`;

interface Page {
  edges: { node: Key }[];
  pageInfo: { hasNextPage: boolean; endCursor: string };
}

async function* allKeys(client: Client): AsyncGenerator<Key> {
  for (let after: string | undefined; ;) {
    const page: { apiKeys: Page } = await client.request({ query: listQuery, variables: { after } });
    const { edges, pageInfo } = page.apiKeys;
    for (const { node } of edges) yield node;
    if (!pageInfo.hasNextPage) return;
    after = pageInfo.endCursor;
  }
}

function describe({ id, name, scopes, createdAt, lastUsedAt, expiresAt, revokedAt, isCurrent }: Key): string {
  const notes = [
    `made ${createdAt}`,
    lastUsedAt === null ? "never used" : `last used ${lastUsedAt}`,
    ...(expiresAt === null ? [] : [`expires ${expiresAt}`]),
    ...(revokedAt === null ? [] : [`revoked ${revokedAt}`]),
    ...(isCurrent ? ["this key"] : []),
  ];
  return `${id} ${name} ${scopes.join(",")} (${notes.join(", ")})`;
}

export const keys: Command = { does: "makes, lists and revokes API keys", help, run };
