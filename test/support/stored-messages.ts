import { randomUUIDv7 } from "node:crypto";
import { openDatabase, type Database, type DatabaseOptions } from "../../src/database/database.ts";
import type { MessageDraft } from "../../src/messages/accept/draft.ts";
import { readTimelinesOf } from "../../src/messages/log/timelines.ts";
import { evolve, type MessageState } from "../../src/messages/model/evolve.ts";
import { newMessageId } from "../../src/lib/uuid.ts";
import { storeMessages } from "../../src/messages/accept/store-messages.ts";
import type { E164 } from "../../src/providers/provider.ts";
import { createTestDatabase } from "./database.ts";
import type { LoggedEvent } from "../../src/messages/log/logged-event.ts";

/** A database of its own with an account and a provider, and no application around it. */
export interface MessageStore {
  database: Database;
  accountId: string;
  providerId: string;
  createProvider(accountId?: string): Promise<string>;
  /** A running campaign without recipients. */
  createCampaign(): Promise<string>;
  /** Stores queued messages the way a caller's are. */
  store(drafts: readonly Partial<MessageDraft>[]): Promise<MessageDraft[]>;
  /** Everything said about a message, oldest first. */
  timeline(messageId: string): Promise<LoggedEvent[]>;
  /** What the log of a message folds to. */
  fold(messageId: string): Promise<MessageState>;
  /** What the message's row says. */
  row(messageId: string): Promise<MessageState>;
  close(): Promise<void>;
}

export const acceptedAt = new Date("2026-01-31T08:00:00.000Z");

export async function openMessageStore(options: Partial<DatabaseOptions> = {}): Promise<MessageStore> {
  const { url, drop } = await createTestDatabase();
  const database = openDatabase(url, { poolSize: 20, ...options });
  const accountId = await createAccount(database);
  const providerId = await createProvider(database, accountId);
  return {
    database,
    accountId,
    providerId,
    createProvider: (owner = accountId) => createProvider(database, owner),
    createCampaign: () => createCampaign(database, accountId),
    async store(partials) {
      const drafts = partials.map((partial) => ({ ...draftOf(accountId, providerId), ...partial }));
      await storeMessages(database, drafts);
      return drafts;
    },
    timeline: (id) => readTimeline(database, id),
    fold: (id) => foldOf(database, id),
    row: (id) => rowOf(database, id),
    async close() {
      await database.close();
      await drop();
    },
  };
}

async function createAccount({ prisma }: Database): Promise<string> {
  return (await prisma.account.create({ data: { id: randomUUIDv7(), name: "Account" } })).id;
}

async function createProvider({ prisma }: Database, accountId: string): Promise<string> {
  const data = { kind: "TIKOSMS", name: "Provider", settings: {}, secrets: new Uint8Array() };
  return (await prisma.provider.create({ data: { id: randomUUIDv7(), accountId, ...data } })).id;
}

async function createCampaign({ prisma }: Database, accountId: string): Promise<string> {
  const times = { createdAt: acceptedAt, updatedAt: acceptedAt };
  const data = { name: "Test", status: "RUNNING", sender: "smsgraph", text: "Hello", ...times } as const;
  return (await prisma.campaign.create({ data: { id: randomUUIDv7(), accountId, ...data } })).id;
}

function draftOf(accountId: string, providerId: string): MessageDraft {
  return {
    id: newMessageId(acceptedAt),
    accountId,
    providerId,
    recipient: "+421901000000" as E164,
    sender: "smsgraph",
    text: "Hello",
    encoding: "GSM7",
    segments: 1,
    flash: false,
    priority: "NORMAL",
    country: "SK",
    clientRef: null,
    scheduledAt: null,
    validUntil: null,
    cadenceGroupId: null,
    dltTemplateId: null,
    createdAt: acceptedAt,
    idempotencyKey: null,
    estimatedCost: null,
    estimatedCurrency: null,
    routed: false,
    route: routeOf(providerId),
    duplicatePolicy: "NEVER",
    fingerprint: "00",
  };
}

/** What is stored of a choice that nobody had. */
export const routeOf = (providerId: string): MessageDraft["route"] => ({
  providerId,
  name: "Provider",
  reason: "The sender asked for this provider.",
  price: null,
  currency: null,
  mccmnc: null,
  rejected: [],
  senderGiven: true,
});

export async function readTimeline(database: Database, id: string): Promise<LoggedEvent[]> {
  return (await readTimelinesOf(database, [id], { limit: 10_000, inverted: false })).get(id) ?? [];
}

/** What the log of a message folds to. */
export async function foldOf(database: Database, id: string): Promise<MessageState> {
  return comparable((await readTimeline(database, id)).reduce<MessageState>(evolve, nothing));
}

/** What the row of a message says. */
export async function rowOf({ prisma }: Database, id: string): Promise<MessageState> {
  return comparable(await prisma.message.findUniqueOrThrow({ where: { id } }));
}

/** A message before its first event. */
const nothing: MessageState = {
  status: "QUEUED",
  version: 0,
  providerStatus: null,
  providerMessageId: null,
  providerBatchId: null,
  failureCode: null,
  failureText: null,
  failurePermanent: null,
  mccmnc: null,
  cost: null,
  costCurrency: null,
  submittedAt: null,
  sentAt: null,
  deliveredAt: null,
  updatedAt: new Date(0),
};

/** Only what events change, with money as plain text. */
function comparable(state: MessageState): MessageState {
  const known = Object.keys(nothing).map((key) => [key, state[key as keyof MessageState]]);
  return { ...(Object.fromEntries(known) as MessageState), cost: state.cost && String(Number(state.cost)) };
}
