import { expect, it, onTestFinished } from "vitest";
import { connectTestSandbox, startTestApp } from "../support/app.ts";

it("a provider may be changed, checked and asked for its balance two hundred times at once on one socket", async () => {
  const app = await startTestApp();
  onTestFinished(() => app.stop());
  const { sandbox, providerId: id } = await connectTestSandbox(app);
  onTestFinished(() => sandbox.close());
  onTestFinished(() => app.client.close());
  const client = app.client.socket();
  const operations = [
    "mutation ($id: ID!) { refreshBalance(providerId: $id) { ... on Error { message } } }",
    "mutation ($id: ID!) { checkProvider(id: $id) { ... on Error { message } } }",
    `mutation ($id: ID!) { updateProvider(input: { id: $id, lowBalance: "1000000" }) { ... on Error { message } } }`,
    `mutation ($id: ID!) { updateProvider(input: { id: $id, lowBalance: "1" }) { ... on Error { message } } }`,
    "mutation ($id: ID!) { rotateCallbackSecret(id: $id) { ... on Error { message } } }",
  ];
  const codes = await Promise.all(
    Array.from({ length: 200 }, async (_, index) => {
      const query = operations[index % operations.length] ?? "";
      const [answer] = await Array.fromAsync(client.iterate({ query, variables: { id } }));
      return answer?.errors?.map(({ extensions }) => String(extensions?.["code"])) ?? [];
    }),
  );
  // A busy machine may say so.
  expect(
    codes.flat().filter((code) => code !== "UNAVAILABLE"),
    app.log.join(""),
  ).toEqual([]);
});
