import { afterAll, beforeAll, expect, test } from "vitest";
import { expandCampaign } from "../../../src/campaigns/sending/expand.ts";
import { decodeId } from "../../../src/lib/global-id.ts";
import { startTestApp, type TestApp } from "../../support/app.ts";
import { createCampaign, upload, uploadOf } from "../../support/campaigns.ts";
import { connectProvider } from "../../support/mutations.ts";

let app: TestApp;

beforeAll(async () => {
  app = await startTestApp({ runsWorker: false });
  await connectProvider(app.client, { defaultSender: "smsgraph" });
});

afterAll(async () => {
  await app.client.close();
  await app.stop();
});

/** One person in Brazil in two spellings, and one in Slovakia in three. */
const people = [
  { to: "+5541988887777", clientRef: "b1" },
  { to: "+421901000001", clientRef: "s1" },
  { to: "+55 41 8888-7777", clientRef: "b2" },
  { to: "00421901000001", clientRef: "s2" },
  { to: "421 901 000 001", clientRef: "s3" },
];

const duplicates = `query ($id: ID!, $after: String) {
  campaign(id: $id) {
    duplicatesRemoved counts { total }
    duplicateRecipients(first: 2, after: $after) { edges { node { to row } } pageInfo { endCursor hasNextPage } }
  }
}`;

interface Duplicates {
  campaign: {
    duplicatesRemoved: number;
    counts: { total: number };
    duplicateRecipients: {
      edges: { node: { to: string; row: number } }[];
      pageInfo: { endCursor: string; hasNextPage: boolean };
    };
  };
}

const readDuplicates = async (id: string, after: string | null = null): Promise<Duplicates["campaign"]> =>
  (await app.client.data<Duplicates>(duplicates, { id, after })).campaign;

test("one person in two spellings gets one message, and the rows that are left out are listed", async () => {
  const { id } = await createCampaign(app, { recipients: people });
  const first = await readDuplicates(id);
  expect(first).toMatchObject({ duplicatesRemoved: 3, counts: { total: 2 } });
  const { pageInfo, edges } = first.duplicateRecipients;
  const next = (await readDuplicates(id, pageInfo.endCursor)).duplicateRecipients;
  expect([...edges, ...next.edges].map(({ node }) => node)).toEqual([
    { to: "+5541988887777", row: 3 },
    { to: "+421901000001", row: 4 },
    { to: "+421901000001", row: 5 },
  ]);
  expect([pageInfo.hasNextPage, next.pageInfo.hasNextPage]).toEqual([true, false]);
});

test("a dry run lists the rows that would be left out", async () => {
  const document = `mutation ($input: CreateCampaignInput!) {
    createCampaign(input: $input) {
      ... on CampaignPreview { total duplicatesRemoved duplicateRecipients { to row } }
    }
  }`;
  const input = { name: "Spring", text: "Hello", recipients: people, dryRun: true };
  expect(await app.client.data(document, { input })).toEqual({
    createCampaign: {
      total: 2,
      duplicatesRemoved: 3,
      duplicateRecipients: [
        { to: "+5541988887777", row: 3 },
        { to: "+421901000001", row: 4 },
        { to: "+421901000001", row: 5 },
      ],
    },
  });
  const kept = await app.client.data(document, { input: { ...input, duplicates: "KEEP_ALL" } });
  expect(kept).toEqual({ createCampaign: { total: 5, duplicatesRemoved: 0, duplicateRecipients: [] } });
});

test("KEEP_ALL keeps every row as a message of its own, each behind the one before it to that number", async () => {
  const rows = people.map(({ to, clientRef }) => `${to},${clientRef}`).join("\n");
  const { data } = await upload(app, uploadOf({ duplicates: "KEEP_ALL" }, `to,clientRef\n${rows}\n`));
  const id = data?.createCampaign.id ?? "";
  expect(await readDuplicates(id)).toMatchObject({ duplicatesRemoved: 0, counts: { total: 5 } });
  await expandCampaign(app.services, decodeId("Campaign", id));
  const messages = await app.services.database.prisma.message.findMany({
    where: { campaignId: decodeId("Campaign", id) },
    orderBy: { id: "asc" },
  });
  expect(messages.map(({ clientRef }) => clientRef)).toEqual(["b1", "s1", "b2", "s2", "s3"]);
  const [b1, s1, , s2] = messages;
  expect(messages.map(({ follows }) => follows)).toEqual([null, null, b1?.id, s1?.id, s2?.id]);
});

test("repeated numbers wait for one another over the chunks in which a campaign becomes messages", async () => {
  const recipients = Array.from({ length: 2_100 }, (_, index) => ({
    to: index === 0 || index > 2_050 ? "+421902000000" : `+42190300${String(index).padStart(4, "0")}`,
  }));
  const { id } = await createCampaign(app, { recipients, duplicates: "KEEP_ALL" });
  await expandCampaign(app.services, decodeId("Campaign", id));
  const messages = await app.services.database.prisma.message.findMany({
    where: { campaignId: decodeId("Campaign", id), recipient: "+421902000000" },
    orderBy: { id: "asc" },
  });
  expect(messages.map(({ follows }) => follows)).toEqual([
    null,
    ...messages.slice(0, -1).map((message) => message.id),
  ]);
  expect(messages).toHaveLength(50);
});

test("a campaign and an account have a default country for numbers without a country code", async () => {
  const set = `mutation ($input: SendingSettingsInput!) {
    setSendingSettings(input: $input) {
      ... on SendingSettings { defaultCountry unreachableNumbers senderRules }
      ... on Error { code message }
    }
  }`;
  const recipients = [{ to: "0901 000 001" }, { to: "0902000002" }];
  const without = await createCampaign(app, { recipients });
  expect(without).toMatchObject({ code: "NO_RECIPIENTS", refusedCount: 2 });
  const own = await createCampaign(app, { recipients, defaultCountry: "SK" });
  expect(own).toMatchObject({ __typename: "Campaign", refusedCount: 0 });
  expect(await app.client.data(set, { input: { defaultCountry: "sk" } })).toMatchObject({
    setSendingSettings: { code: "INVALID_INPUT" },
  });
  expect(await app.client.data(set, { input: { defaultCountry: "SK" } })).toEqual({
    setSendingSettings: { defaultCountry: "SK", unreachableNumbers: "REFUSE", senderRules: "WARN" },
  });
  const send = `mutation ($to: String!) {
    sendMessage(input: { to: $to, text: "Hello" }) {
      ... on Message { to }
      ... on Error { code message }
    }
  }`;
  expect(await app.client.data(send, { to: "0901 000 003" })).toEqual({
    sendMessage: { to: "+421901000003" },
  });
  const suppress = `mutation { suppressNumber(number: "0901 000 004") { ... on Suppression { number } } }`;
  expect(await app.client.data(suppress)).toEqual({ suppressNumber: { number: "+421901000004" } });
  const landline = {
    sendMessage: { code: "INVALID_PHONE_NUMBER", message: expect.stringContaining("is a landline") },
  };
  expect(await app.client.data(send, { to: "+442079460000" })).toEqual(landline);
  await app.client.data(set, { input: { unreachableNumbers: "ALLOW" } });
  expect(await app.client.data(send, { to: "+442079460001" })).toEqual({
    sendMessage: { to: "+442079460001" },
  });
  await app.client.data(set, { input: {} });
});
