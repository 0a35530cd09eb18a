import { expect } from "vitest";
import type { GraphqlClient } from "./graphql-client.ts";

export interface PageInfo {
  hasNextPage: boolean;
  hasPreviousPage: boolean;
  startCursor: string | null;
  endCursor: string | null;
}

export interface Connection {
  edges: { cursor: string; node: { id: string; text?: string; status?: string } }[];
  pageInfo: PageInfo;
}

/** A page by what its entries show of themselves. */
export interface Page {
  nodes: string[];
  pageInfo: PageInfo;
}

export const pageArguments = "first: $first, after: $after, last: $last, before: $before";
export const pageVariables = "$first: Int, $after: String, $last: Int, $before: String";

/** Selects a `Connection` whose entries show this field. */
export const pageOf = (field: "text" | "status"): string =>
  `edges { cursor node { id ${field} } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }`;

/** Checks the cursors of the page against those of its entries. */
export function toPage({ edges, pageInfo }: Connection): Page {
  expect(pageInfo.startCursor).toBe(edges[0]?.cursor ?? null);
  expect(pageInfo.endCursor).toBe(edges.at(-1)?.cursor ?? null);
  return { nodes: edges.map(({ node }) => node.text ?? node.status ?? ""), pageInfo };
}

export const ends = (hasPreviousPage: boolean, hasNextPage: boolean): Partial<PageInfo> => ({
  hasPreviousPage,
  hasNextPage,
});

/** Every entry of a list, page by page in one direction, with the marks of each page checked on the way. */
export async function readAll(
  direction: "forwards" | "backwards",
  size: number,
  load: (variables: object) => Promise<Page>,
): Promise<string[]> {
  const seen: string[] = [];
  for (let cursor: string | null = null; ;) {
    const isForwards = direction === "forwards";
    const { nodes, pageInfo } = await load(
      isForwards ? { first: size, after: cursor } : { last: size, before: cursor },
    );
    const [goesOn, came] = isForwards
      ? [pageInfo.hasNextPage, pageInfo.hasPreviousPage]
      : [pageInfo.hasPreviousPage, pageInfo.hasNextPage];
    expect(came).toBe(seen.length > 0);
    if (isForwards) seen.push(...nodes);
    else seen.unshift(...nodes);
    if (!goesOn) return seen;
    cursor = isForwards ? pageInfo.endCursor : pageInfo.startCursor;
  }
}

/** Sends messages, and gives their global ids in the order given. */
export async function sendAll(client: GraphqlClient, inputs: readonly object[]): Promise<string[]> {
  const { sendMessages } = await client.data<{ sendMessages: { results: { id: string }[] } }>(
    `mutation ($input: SendMessagesInput!) {
      sendMessages(input: $input) { ... on SendMessagesSuccess { results { ... on Message { id } } } }
    }`,
    { input: { messages: inputs.map((input) => ({ to: "+421901000000", text: "Hello", ...input })) } },
  );
  return sendMessages.results.map(({ id }) => id);
}
