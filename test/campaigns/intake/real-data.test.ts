import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestApp, type TestApp } from "../../support/app.ts";
import { createCampaign } from "../../support/campaigns.ts";
import { connectProvider } from "../../support/mutations.ts";

let app: TestApp;

beforeAll(async () => {
  app = await startTestApp({ runsWorker: false, maxSegments: 10 });
  await connectProvider(app.client, { defaultSender: "smsgraph" });
});

afterAll(() => app.stop());

const to = (...numbers: string[]) => numbers.map((number) => ({ to: number }));
const reasons = ({
  refusedRecipients,
}: {
  refusedRecipients: { edges: { node: { to: string; reason: string } }[] };
}) => refusedRecipients.edges.map(({ node }) => [node.to, node.reason]);

describe("a campaign with a send window", () => {
  const sendWindow = { start: "09:00", end: "11:00" };

  it("a send window refuses recipients for whom it never opens, and accepts those whose area code shows their zone", async () => {
    const recipients = to("+12125551000", "+61491570156", "+421901000000", "+14992345678");
    const created = await createCampaign(app, { recipients, sendWindow });
    expect(created.__typename).toBe("Campaign");
    expect(reasons(created)).toEqual([
      ["+61491570156", expect.stringMatching(/never open in all of them\. Make it longer than [\d.]+ hours/)],
      ["+14992345678", expect.stringMatching(/Give `timeZone`/)],
    ]);
    const zoned = await createCampaign(app, {
      recipients,
      sendWindow,
      timeZone: "America/New_York",
      dryRun: true,
    });
    expect(reasons(zoned).map(([number]) => number)).toEqual(["+61491570156"]);
  });

  it("a send window that never opens for any recipient is an error", async () => {
    const created = await createCampaign(app, { recipients: to("+61491570156"), sendWindow });
    expect(created).toMatchObject({
      __typename: "NoRecipientsError",
      code: "NO_RECIPIENTS",
      refusedCount: 1,
    });
    expect(reasons(created)).toEqual([["+61491570156", expect.stringContaining("time zones")]]);
  });

  it("a campaign returns its time zone as it was given", async () => {
    const { id } = await createCampaign(app, { recipients: to("+421901000000"), timeZone: "Europe/Kyiv" });
    const document = "query ($id: ID!) { campaign(id: $id) { timeZone } }";
    expect(await app.client.data(document, { id })).toEqual({ campaign: { timeZone: "Europe/Kyiv" } });
  });
});

describe("a text that is probably a mistake", () => {
  it.each(["{first_name}", "[[first_name]]", "%first_name%", "{ jméno }"])(
    "a dry run and a preview warn about a placeholder in the wrong form: %s",
    async (placeholder) => {
      const text = `Hello ${placeholder}`;
      const preview = await createCampaign(app, { text, recipients: to("+421901000000"), dryRun: true });
      const warnings = [expect.stringContaining(`${placeholder} is sent as it stands`)];
      expect(preview).toMatchObject({ __typename: "CampaignPreview", warnings });
      const asked = await app.client.data(
        "query ($text: String!) { previewText(text: $text) { warnings } }",
        { text },
      );
      expect(asked).toEqual({ previewText: { warnings } });
    },
  );

  it("there is no warning about a text with double braces or with none", async () => {
    const recipients = [{ to: "+421901000000", values: { first_name: "Eva" } }];
    const preview = await createCampaign(app, {
      text: "Hello {{first_name}}, 50% off [a]",
      recipients,
      dryRun: true,
    });
    expect(preview).toMatchObject({ __typename: "CampaignPreview", warnings: [] });
  });

  it("a text longer than the limit is refused with an error that names the setting", async () => {
    const text = "x".repeat(2_000);
    const created = await createCampaign(app, { text, recipients: to("+421901000000") });
    expect(created).toMatchObject({ code: "INVALID_TEXT" });
    expect(created.message).toMatch(/14 segments in GSM7; MAX_SEGMENTS allows at most 10\./);
    const asked = await app.client.data("query ($text: String!) { previewText(text: $text) { warnings } }", {
      text,
    });
    expect(asked).toEqual({
      previewText: { warnings: [expect.stringMatching(/14 segments, and more than 10/)] },
    });
  });

  it.each(["\u200B", "\u2060", "\u00AD", "\u200B \u200B", "\u3164", "\u2800", "\uFE0F"])(
    "a text without a visible character is refused: %j",
    async (text) => {
      expect(await createCampaign(app, { text, recipients: to("+421901000000") })).toMatchObject({
        code: "INVALID_TEXT",
      });
    },
  );
});

const post = async (headers: Record<string, string>, body: string) =>
  (await fetch(`${app.url}/graphql`, { method: "POST", headers, body })).json() as Promise<{
    errors: { message: string }[];
  }>;
const json = { "content-type": "application/json" };
const ask = async (query: string) =>
  (await post({ ...json, authorization: `Bearer ${app.key}` }, JSON.stringify({ query }))).errors[0]?.message;

const send = (more: string) =>
  ask(`mutation { sendMessage(input: { to: "+421901000000", text: "x" ${more} }) { __typename } }`);

describe("a request in the wrong form", () => {
  it("a request without the word Bearer is told that it is missing", async () => {
    const { errors } = await post(
      { ...json, authorization: app.key },
      JSON.stringify({ query: "{ viewer { __typename } }" }),
    );
    expect(errors[0]?.message).toMatch(/does not begin with the word Bearer/);
  });

  it("a request to the wrong path is told where GraphiQL is", async () => {
    const got = await (await fetch(`${app.url}/graphql`)).text();
    expect(got).toContain("GraphiQL is here");
  });

  it("a wrong request is told the values of an enum, similar field names, and how to write a zone in a time", async () => {
    expect(await send("priority: URGENT")).toMatch(/It is one of HIGH, LOW, NORMAL\./);
    expect(await send('txt: "y"')).toMatch(/Did you mean "text"/);
    expect(await send('scheduledAt: "2027-01-01T10:00:00"')).toMatch(
      /has no time zone\. Add Z for UTC, or an offset/,
    );
    expect(await send('scheduledAt: "tomorrow"')).toMatch(/is not a time\. Write it like/);
  });
});
