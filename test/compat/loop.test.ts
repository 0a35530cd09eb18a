import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { registry, type OpenProvider, type ProviderKind } from "../../src/providers/registry.ts";
import type { Submission } from "../../src/providers/provider.ts";
import type { TikosmsSandbox } from "../../src/sandbox/tikosms/index.ts";
import { submission, loadContracts } from "../providers/contract-description.ts";
import { checked } from "../providers/serve-answers.ts";
import { reconcileOne } from "../providers/reconcile-one.ts";
import { createMemoryState } from "../providers/memory-state.ts";
import { connectTestSandbox, startTestApp, type TestApp } from "../support/app.ts";
import { eventually } from "../support/process.ts";
import { startReportReceiver, type ReportReceiver } from "../support/report-receiver.ts";

/** Serves the four APIs, and hands everything to a TikoSMS. */
let served: TestApp;
let sandbox: TikosmsSandbox;
let receiver: ReportReceiver;

beforeAll(async () => {
  receiver = await startReportReceiver();
  served = await startTestApp({ webhookLimits: { retryDelaysMs: [50] } });
  ({ sandbox } = await connectTestSandbox(served));
});

afterAll(async () => {
  await served.stop();
  await sandbox.close();
  await receiver.close();
});

const credentialsOf = (kind: ProviderKind, key: string): Record<string, string> =>
  ({
    TIKOSMS: { apiToken: key },
    TONKRA: { apiToken: key },
    TELEKOM: { token: key },
    QIKLI: { username: "smsgraph", password: key },
  })[kind];

const paths = {
  TIKOSMS: "/compat/tikosms/v1",
  TONKRA: "/compat/tonkra/api/http",
  TELEKOM: "/compat/telekom",
  QIKLI: "/compat/qikli",
} as const satisfies Record<ProviderKind, string>;

const kinds = Object.keys(registry) as ProviderKind[];

describe("smsgraph connected to smsgraph", () => {
  /**
   * Connected to the first as to each of the four vendors. It ends before the tests below begin: it reads receipts that the
   * account hands out only once, for days and also from a provider that was disconnected.
   */
  let outer: TestApp;
  beforeAll(async () => {
    outer = await startTestApp();
  });
  afterAll(() => outer.stop());

  test.each(kinds)("as %s delivers a message, and learns that it was delivered", async (kind) => {
    const key = await served.createKey(["SEND", "READ"]);
    const { connectProvider } = await outer.client.data<{
      connectProvider: { id: string; callbackUrl: string };
    }>(
      `mutation ($input: ConnectProviderInput!) {
        connectProvider(input: $input) { ... on Provider { id callbackUrl } ... on Error { code message } }
      }`,
      {
        input: {
          [kind.toLowerCase()]: {
            name: kind,
            baseUrl: served.url + paths[kind],
            ...credentialsOf(kind, key),
            defaultSender: "smsgraph",
          },
        },
      },
    );
    expect(connectProvider.id).toBeDefined();
    const { callbackUrl } = connectProvider;
    if (kind === "TELEKOM") await setCallbackUrl(key, callbackUrl);
    const text = `By way of ${kind}`;
    const { sendMessage } = await outer.client.data<{ sendMessage: { id: string } }>(
      `mutation ($input: SendMessageInput!) { sendMessage(input: $input) { ... on Message { id } ... on Error { code message } } }`,
      { input: { to: "+421901234100", text, providerId: connectProvider.id } },
    );
    await eventually(async () => (await statusOf(outer, sendMessage.id)) === "DELIVERED");
    const { messages } = await served.client.data<{ messages: { edges: { node: object }[] } }>(
      `{ messages(first: 1) { edges { node { text status to } } } }`,
    );
    expect(messages.edges).toEqual([{ node: { text, status: "DELIVERED", to: "+421901234100" } }]);
  });
});

/** As an administrator of the served side enters it. */
async function setCallbackUrl(key: string, callbackUrl: string): Promise<void> {
  const { database } = served.services;
  await database.prisma.apiKey.updateMany({ where: { prefix: key.slice(0, 9) }, data: { callbackUrl } });
  await eventually(async () => (await served.services.access.find(key))?.callbackUrl === callbackUrl);
}

async function statusOf(app: TestApp, id: string): Promise<string> {
  const { node } = await app.client.data<{ node: { status: string } }>(
    `query ($id: ID!) { node(id: $id) { ... on Message { status } } }`,
    { id },
  );
  return node.status;
}

const contracts = await loadContracts();

const variants = contracts.flatMap(({ kind, contract }) =>
  (contract?.variants ?? []).map((variant) => ({
    kind,
    name: `${kind} ${variant.name}`,
    variant,
    reconciles: contract?.reconciles === true,
  })),
);

describe.each(variants)(
  "the endpoints keep the contract that the adapter $name expects: they",
  ({ kind, variant, reconciles }) => {
    let opened: OpenProvider;
    const { capabilities } = registry[kind];
    const isV3 = /v3/i.test(variant.name);
    const open = (key: string) => {
      const path = isV3 ? "/compat/tonkra/api/v3" : paths[kind];
      const settings = { ...credentialsOf(kind, key), ...variant.settings, baseUrl: served.url + path };
      return registry[kind].open(settings, createMemoryState());
    };

    beforeAll(async () => {
      opened = open(await served.createKey(["SEND", "READ"]));
    });

    afterAll(() => opened.close());

    let last = 0;
    const numbered = (count: number): Submission[] =>
      Array.from({ length: count }, () => {
        last++;
        return {
          ...submission,
          messageId: crypto.randomUUID(),
          to: checked(`+42190${4_000 + last}100`),
          callbackUrl: undefined,
        };
      });

    test("take the credentials, and say what they are asked", async () => {
      const { client } = opened;
      const asked = [
        client.check(),
        capabilities.balance && client.balance?.(),
        capabilities.cadenceGroups && client.cadenceGroups?.(),
        capabilities.numberLookup && client.lookUpNumber?.(checked("+421901234100")),
        capabilities.rates && client.rates?.({ mccmnc: "23101" }),
      ];
      const replies = (await Promise.all(asked.map(async (reply) => reply))).filter(
        (reply) => typeof reply === "object",
      );
      expect(replies).toEqual(replies.map(() => expect.objectContaining({ ok: true })));
    });

    test("accept a message, which is looked up where it can be", async () => {
      const [message = submission] = numbered(1);
      const outcome = await opened.client.submit(message);
      expect(outcome).toMatchObject({ kind: "accepted" });
      if (outcome.kind !== "accepted" || variant.lookedUp === undefined) return;
      const { providerMessageId, providerBatchId } = outcome;
      const asked = [{ messageId: message.messageId, to: message.to, providerMessageId, providerBatchId }];
      await eventually(async () => {
        const reply = await opened.client.lookUp(asked);
        return (
          reply.ok && reply.value[0]?.status === "DELIVERED" && reply.value[0].clientRef === message.messageId
        );
      });
    });

    test.each(capabilities.bulkSize > 1 ? [Math.min(60, capabilities.bulkSize)] : [])(
      "accept %i messages at once, which are looked up where they can be",
      async (count) => {
        const messages = numbered(count);
        const outcomes = (await opened.client.submitMany?.(messages)) ?? [];
        expect(outcomes.map(({ kind: verdict }) => verdict)).toEqual(messages.map(() => "accepted"));
        if (variant.lookedUp === undefined) return;
        const asked = messages.map(({ messageId, to }, index) => {
          const outcome = outcomes[index];
          return outcome?.kind === "accepted"
            ? {
                messageId,
                to,
                providerMessageId: outcome.providerMessageId,
                providerBatchId: outcome.providerBatchId,
              }
            : { messageId, to };
        });
        await eventually(async () => {
          const reply = await opened.client.lookUp(asked);
          return reply.ok && new Set(reply.value.map(({ clientRef }) => clientRef)).size === count;
        });
      },
    );

    test.each(capabilities.receipts === "CALLBACK" && kind !== "TELEKOM" ? [kind] : [])(
      "post receipts that the adapter of %s reads",
      async () => {
        receiver.received.length = 0;
        const [message = submission] = numbered(1);
        const callbackUrl = `${receiver.origin}/${variant.name.replaceAll(/\W/g, "")}`;
        expect(await opened.client.submit({ ...message, callbackUrl })).toMatchObject({ kind: "accepted" });
        const statuses = () =>
          receiver.received.flatMap(({ text, headers }) => {
            const reading = opened.parseCallback(text, headers["content-type"]);
            return reading.kind === "receipts" ? reading.receipts.map(({ status }) => status) : [];
          });
        await eventually(() => statuses().includes("DELIVERED"));
      },
    );

    test.each(reconciles ? [kind] : [])(
      "find a message of %s again whose answer was lost, and none that was never sent",
      async () => {
        const [sent = submission, other = submission] = numbered(2);
        const lost = { ...sent, text: `Lost by way of ${variant.name}`, attemptedAt: new Date() };
        expect(await opened.client.submit(lost)).toMatchObject({ kind: "accepted" });
        expect(await reconcileOne(opened.client, lost)).toMatchObject({ kind: "found" });
        const never = { ...other, text: "Never sent", attemptedAt: new Date(), resendAllowed: false };
        expect((await reconcileOne(opened.client, never)).kind).not.toBe("found");
      },
    );

    test.each(capabilities.receiptQueue ? [kind] : [])("hand out the receipts of %s once", async () => {
      const [message = submission] = numbered(1);
      await opened.client.submit(message);
      const references: (string | undefined)[] = [];
      await eventually(async () => {
        const reply = await opened.client.drainReceipts?.();
        if (!reply?.ok || !reply.value) return references.includes(message.messageId);
        const reading = opened.parseCallback(reply.value.body, reply.value.contentType);
        if (reading.kind === "receipts")
          references.push(...reading.receipts.map(({ clientRef }) => clientRef));
        return false;
      });
      expect(references.filter((reference) => reference === message.messageId)).toHaveLength(1);
    });

    test("reject what cannot be sent, and refuse wrong credentials", async () => {
      const [message = submission] = numbered(1);
      const rejected = await opened.client.submit({ ...message, to: "+4219" as Submission["to"] });
      expect(rejected).toMatchObject({ kind: "rejected", status: "REJECTED" });
      const wrong = open("sg_nobody");
      expect(await wrong.client.check()).toMatchObject({ ok: false, problem: { kind: "unauthenticated" } });
      expect(await wrong.client.submit(message)).toMatchObject({ kind: "rejected", status: "FAILED" });
      await wrong.close();
    });
  },
);
