import { getNamedType, isCompositeType } from "graphql";
import { afterAll, beforeAll, expect, it } from "vitest";
import { schema } from "../../../src/graphql/schema/schema.ts";
import type { TikosmsSandbox } from "../../../src/sandbox/tikosms/index.ts";
import { connectTestSandbox, startTestApp, type TestApp } from "../../support/app.ts";
import { callWith, timeArguments } from "../../support/id-arguments.ts";

let app: TestApp;
let sandbox: TikosmsSandbox;
let providerId: string;
/** What a call needs to get as far as its times. */
let fillers: Readonly<Record<string, string>>;

beforeAll(async () => {
  app = await startTestApp({ runsWorker: false });
  const connected = await connectTestSandbox(app);
  ({ sandbox } = connected);
  const scheduledAt = new Date(Date.now() + 3_600_000).toISOString();
  const { message, campaign, created } = await app.client.data<{
    message: { id: string };
    campaign: { id: string };
    created: { webhook: { id: string } };
  }>(
    `mutation ($at: DateTime!) {
      message: sendMessage(input: { to: "+421901000000", text: "Hello", scheduledAt: $at }) { ... on Message { id } }
      campaign: createCampaign(input: { name: "C", text: "Hello", recipients: [{ to: "+421901000000" }], scheduledAt: $at }) {
        ... on Campaign { id } }
      created: createWebhook(input: { name: "W", url: "https://127.0.0.1/" }) {
        ... on CreatedWebhook { webhook { id } }}
    }`,
    { at: scheduledAt },
  );
  ({ providerId } = connected);
  fillers = {
    name: '"A name"',
    providerId: JSON.stringify(providerId),
    to: '"+421901000000"',
    mccmnc: '"23101"',
    currency: '"EUR"',
    text: '"Hello"',
    recipients: '[{ to: "+421901000000" }]',
    "updateMessage id": JSON.stringify(message.id),
    "updateCampaign id": JSON.stringify(campaign.id),
    "retryCampaign id": JSON.stringify(campaign.id),
    "replayWebhook id": JSON.stringify(created.webhook.id),
  };
});

afterAll(async () => {
  await app.client.close();
  await sandbox.close();
  await app.stop();
});

const places = timeArguments(schema).filter(({ operation }) => operation !== "subscription");

async function ask(place: (typeof places)[number], time: string) {
  const selected = isCompositeType(getNamedType(place.field.type)) ? " { __typename }" : "";
  const call = callWith(place, time, (field, name) => fillers[`${field} ${name}`] ?? fillers[name]);
  return app.client.send(`${place.operation} { ${call}${selected} }`);
}

it("finds the places that take a time", () => expect(places.length).toBeGreaterThan(15));

it.each(places.map((place) => ({ ...place, name: `${place.field.name} ${place.path.join(".")}` })))(
  "a time far off is taken up to what can be stored, and refused beyond: $name",
  async (place) => {
    for (const time of ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999Z"]) {
      const { errors = [] } = await ask(place, time);
      expect(errors.map(({ message }) => message).join(" ")).not.toMatch(
        /on our side|Syntax Error|not in a year/,
      );
    }
    for (const time of ["0000-01-01T00:00:00Z", "0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01"])
      expect((await ask(place, time)).errors).toMatchObject([
        {
          message: expect.stringContaining("is not in a year from 1 to 9999"),
          extensions: { code: "BAD_REQUEST" },
        },
      ]);
  },
);

it.each([
  ["rates", "231::-99999999999999:01900000-0000-7000-8000-000000000000"],
  ["rates", "231::999999999999999:01900000-0000-7000-8000-000000000000"],
])("a cursor of %s with a time that cannot be stored is none: %s", async (field, cursor) => {
  const after = Buffer.from(cursor).toString("base64url");
  const { errors } = await app.client.send(`{ ${field}(after: "${after}") { __typename } }`);
  expect(errors).toMatchObject([{ extensions: { code: "INVALID_CURSOR" } }]);
});

it("a cursor of a provider's balances with a time that cannot be stored is none", async () => {
  const after = Buffer.from("999999999999999:01900000-0000-7000-8000-000000000000").toString("base64url");
  const { errors } = await app.client.send(
    `query ($id: ID!) { node(id: $id) { ... on Provider { balanceHistory(after: "${after}") { __typename } } } }`,
    { id: providerId },
  );
  expect(errors).toMatchObject([{ extensions: { code: "INVALID_CURSOR" } }]);
});
