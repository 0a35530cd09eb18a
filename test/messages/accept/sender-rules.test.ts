import { afterAll, beforeAll, expect, it } from "vitest";
import { startTestApp, type TestApp } from "../../support/app.ts";
import { connectProvider } from "../../support/mutations.ts";

let app: TestApp;

beforeAll(async () => {
  app = await startTestApp({ runsWorker: false });
  await connectProvider(app.client, { defaultSender: "Shop" });
});

afterAll(async () => {
  await app.client.close();
  await app.stop();
});

const set = (input: object): Promise<{ setSendingSettings: object }> =>
  app.client.data(
    `mutation ($input: SendingSettingsInput!) {
      setSendingSettings(input: $input) {
        ... on SendingSettings { senderRules registeredSenders { sender countries } }
        ... on InvalidInputError { code field }
      }
    }`,
    { input },
  );

const send = async (to: string): Promise<{ __typename: string; message?: string }> => {
  const { sendMessage } = await app.client.data<{ sendMessage: { __typename: string; message?: string } }>(
    `mutation ($to: String!) {
      sendMessage(input: { to: $to, text: "Hello" }) { __typename ... on Error { message } }
    }`,
    { to },
  );
  return sendMessage;
};

const warnings = async (to: string): Promise<string[]> => {
  const { createCampaign } = await app.client.data<{ createCampaign: { warnings: string[] } }>(
    `mutation ($to: String!) {
      createCampaign(input: { name: "x", text: "Hello", recipients: [{ to: $to }], dryRun: true }) {
        ... on CampaignPreview { warnings }
      }
    }`,
    { to },
  );
  return createCampaign.warnings;
};

it("an account is warned of a sender that a country does not show, refuses it if it wants, or has it registered", async () => {
  const [american, singaporean] = ["+12125551000", "+6598234567"];
  expect(await send(american)).toMatchObject({ __typename: "Message" });
  expect(await warnings(american)).toEqual([expect.stringMatching(/In US, senders are numbers/)]);
  expect(await set({ senderRules: "REFUSE" })).toMatchObject({
    setSendingSettings: { senderRules: "REFUSE" },
  });
  expect(await send(american)).toMatchObject({
    __typename: "InvalidSenderError",
    message: expect.stringContaining("In US, senders are numbers"),
  });
  expect(await send(singaporean)).toMatchObject({ __typename: "InvalidSenderError" });
  expect(await send("+421901000001")).toMatchObject({ __typename: "Message" });
  const registeredSenders = [{ sender: "shop", countries: ["SG"] }];
  expect(await set({ senderRules: "REFUSE", registeredSenders })).toEqual({
    setSendingSettings: { senderRules: "REFUSE", registeredSenders },
  });
  expect(await send(singaporean)).toMatchObject({ __typename: "Message" });
  expect(await set({ registeredSenders: [{ sender: "shop", countries: ["XX"] }] })).toMatchObject({
    setSendingSettings: { code: "INVALID_INPUT", field: "registeredSenders.0.countries" },
  });
  await set({ senderRules: "ALLOW" });
  expect(await warnings(american)).toEqual([]);
});
