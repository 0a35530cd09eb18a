import { encodeId } from "../../src/lib/global-id.ts";
import type { NodeType } from "../../src/lib/node-type.ts";
import type { GraphqlClient } from "./graphql-client.ts";

/** What a mutation returned: a success or any of the typed errors. */
export interface Outcome {
  __typename: string;
  code?: string;
  message?: string;
  field?: string;
  id?: string;
}

/** Selects an `Outcome`. */
export const outcome =
  "__typename ... on Error { code message ... on InvalidInputError { field } ... on NotFoundError { id } }";

/** Runs a mutation with one argument: `id` where that is its type, else `input`. */
export async function mutate(
  client: GraphqlClient,
  name: string,
  type: string,
  input: unknown,
): Promise<Outcome> {
  const argument = type === "ID!" ? "id" : "input";
  const document = `mutation ($input: ${type}) { ${name}(${argument}: $input) { ${outcome} } }`;
  const data = await client.data<Record<string, Outcome>>(document, { input });
  return data[name] ?? { __typename: "nothing" };
}

/** Connects a TikoSMS that nobody serves, and gives its global id. */
export async function connectProvider(client: GraphqlClient, input: object = {}): Promise<string> {
  const { provider } = await client.data<{ provider: { id: string } }>(
    `mutation ($input: TikosmsConnectionInput!) {
      provider: connectProvider(input: { tikosms: $input }) { ... on Provider { id } ... on Error { code message } }
    }`,
    { input: { name: "TikoSMS", apiToken: "token", ...input } },
  );
  return provider.id;
}

/** A global id that nothing has. */
export const nobody = (type: NodeType): string => encodeId(type, "0198a1b2-0000-7000-8000-000000000001");

/** What errors advise. */
export const advice = {
  number: /international form, for example \+421901000000/,
  unstorable: /NUL character or half a surrogate pair\. Remove it/,
  id: /exactly as an answer gave it/,
};
