import { readFile } from "node:fs/promises";
import {
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isIntrospectionType,
  isObjectType,
  isSpecifiedScalarType,
  type GraphQLArgument,
  type GraphQLNamedType,
  type GraphQLObjectType,
} from "graphql";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { printedSchema, schema } from "../../../src/graphql/schema/schema.ts";
import { connectTestSandbox, startTestApp, type TestApp } from "../../support/app.ts";
import { GraphqlClient } from "../../support/graphql-client.ts";

const types = Object.values(schema.getTypeMap()).filter(
  (type) => !isIntrospectionType(type) && !isSpecifiedScalarType(type),
);
const objects = types.filter(isObjectType);

it("schema.graphql contains the schema of the code", async () => {
  const committed = await readFile("schema.graphql", "utf8");
  expect(committed, "schema.graphql is stale: run `npm run schema` and commit it").toBe(printedSchema());
});

/** Everything of a type that can have a description, by its place in the schema. */
function elementsOf(type: GraphQLNamedType): [place: string, description: string | null | undefined][] {
  const { name } = type;
  const own: [string, string | null | undefined] = [name, type.description];
  if (isEnumType(type)) {
    return [
      own,
      ...type.getValues().map((value) => [`${name}.${value.name}`, value.description] as [string, string]),
    ];
  }
  if (isInputObjectType(type) || isObjectType(type) || isInterfaceType(type)) {
    const fields = Object.values(type.getFields());
    return [
      own,
      ...fields.flatMap((field) => {
        const place = `${name}.${field.name}`;
        const args: readonly GraphQLArgument[] = "args" in field ? field.args : [];
        const described = args.map((arg) => [`${place}(${arg.name})`, arg.description] as [string, string]);
        return [[place, field.description] as [string, string], ...described];
      }),
    ];
  }
  return [own];
}

it("every type, field, argument, input field and enum value has a description", () => {
  const elements = types.flatMap(elementsOf);
  expect(elements.length).toBeGreaterThan(300);
  const undescribed = elements.filter(([, description]) => (description ?? "").trim() === "");
  expect(undescribed.map(([place]) => place)).toEqual([]);
});

/** The types of an object's fields, as they are printed. */
const fieldTypes = (type: GraphQLObjectType): Record<string, string> =>
  Object.fromEntries(Object.values(type.getFields()).map((field) => [field.name, String(field.type)]));

describe("the Relay conventions", () => {
  it("nodes follow the Relay conventions", () => {
    const query = schema.getQueryType()?.getFields();
    const node = query?.["node"];
    expect([String(node?.type), String(node?.args[0]?.type)]).toEqual(["Node", "ID!"]);
    const nodes = query?.["nodes"];
    expect([String(nodes?.type), String(nodes?.args[0]?.type)]).toEqual(["[Node]!", "[ID!]!"]);
    const withId = objects.filter((type) => "id" in type.getFields() && !type.name.endsWith("Error"));
    const nodeTypes = withId.filter((type) => type.getInterfaces().some(({ name }) => name === "Node"));
    expect(nodeTypes.map(({ name }) => name)).toEqual(
      expect.arrayContaining(["Balance", "Message", "MessageEvent", "Provider"]),
    );
    for (const type of nodeTypes) expect(fieldTypes(type)["id"], type.name).toBe("ID!");
  });

  const connections = objects.filter(({ name }) => name.endsWith("Connection"));

  it.each(connections.map((type) => [type.name, type] as const))(
    "%s follows the Relay conventions for connections",
    (name, connection) => {
      const edgeName = name.replace(/Connection$/, "Edge");
      expect(fieldTypes(connection)).toMatchObject({ edges: `[${edgeName}!]!`, pageInfo: "PageInfo!" });
      const edge = schema.getType(edgeName) as GraphQLObjectType;
      expect(fieldTypes(edge)).toMatchObject({ cursor: "String!", node: expect.stringMatching(/^\w+!$/) });
    },
  );

  it("every field that returns a connection follows the Relay conventions", () => {
    const fields = objects.flatMap((type) => Object.values(type.getFields()));
    const paged = fields.filter(({ type }) => /Connection!?$/.test(String(type)));
    expect(paged.length).toBeGreaterThanOrEqual(connections.length);
    for (const { name, args } of paged) {
      const given = Object.fromEntries(args.map((arg) => [arg.name, String(arg.type)]));
      expect(given, name).toMatchObject({ first: "Int", after: "String", last: "Int", before: "String" });
    }
  });

  it("PageInfo follows the Relay conventions", () => {
    expect(fieldTypes(schema.getType("PageInfo") as GraphQLObjectType)).toEqual({
      hasNextPage: "Boolean!",
      hasPreviousPage: "Boolean!",
      startCursor: "String",
      endCursor: "String",
    });
  });
});

describe("a global id", () => {
  let app: TestApp;
  let sandbox: Awaited<ReturnType<typeof connectTestSandbox>>["sandbox"];
  let ids: Record<"Message" | "MessageEvent" | "Provider" | "Balance", string>;

  beforeAll(async () => {
    app = await startTestApp({ runsWorker: false });
    const connected = await connectTestSandbox(app);
    ({ sandbox } = connected);
    ids = await makeOneOfEach(app, connected.providerId);
  });

  afterAll(async () => {
    await sandbox.close();
    await app.stop();
  });

  it.each(["Message", "MessageEvent", "Provider", "Balance"] as const)(
    "a global id finds its %s again",
    async (type) => {
      const query = "query ($id: ID!) { node(id: $id) { __typename id } }";
      const found = { __typename: type, id: ids[type] };
      expect(await app.client.data(query, { id: ids[type] })).toEqual({ node: found });
    },
  );

  it("nodes returns objects of different types in the requested order", async () => {
    const query = "query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }";
    const asked = Object.entries(ids).toReversed();
    const found = asked.map(([type, id]) => ({ __typename: type, id }));
    expect(await app.client.data(query, { ids: asked.map(([, id]) => id) })).toEqual({ nodes: found });
  });

  it("a global id shows nothing to another account", async () => {
    const stranger = new GraphqlClient(app.url, await app.createKey(["READ"], await app.createAccount()));
    const query = "query ($ids: [ID!]!) { nodes(ids: $ids) { __typename } }";
    const nodes = Object.values(ids).map(() => null);
    expect(await stranger.data(query, { ids: Object.values(ids) })).toEqual({ nodes });
  });
});

async function makeOneOfEach({ client }: TestApp, providerId: string) {
  await client.data("mutation ($id: ID!) { checkProvider(id: $id) { __typename } }", { id: providerId });
  const sent = await client.data<{
    sendMessage: { id: string; events: { edges: { node: { id: string } }[] } };
  }>(
    `mutation { sendMessage(input: { to: "+421901000000", text: "Hello" }) {
      ... on Message { id events { edges { node { id } } } }
    } }`,
  );
  const read = await client.data<{ provider: { balance: { id: string } } }>(
    "query ($id: ID!) { provider(id: $id) { balance { id } } }",
    { id: providerId },
  );
  const { id, events } = sent.sendMessage;
  return {
    Message: id,
    MessageEvent: events.edges[0]?.node.id ?? "",
    Provider: providerId,
    Balance: read.provider.balance.id,
  };
}
