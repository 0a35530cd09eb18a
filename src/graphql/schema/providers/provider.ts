import { ProviderUnavailableError } from "../../../lib/errors.ts";
import type {
  CadenceGroupReading,
  ProviderCapabilities as Capabilities,
} from "../../../providers/provider.ts";
import { isProviderKind, registry, type ProviderKind } from "../../../providers/registry.ts";
import { builder } from "../builder.ts";
import { accountOf } from "../../context.ts";
import { decodeId } from "../../../lib/global-id.ts";
import { Balance } from "../pricing/pricing.ts";
import { ProviderHealth } from "./health.ts";

const ProviderKindEnum = builder.enumType("ProviderKind", {
  description: "The providers that smsgraph supports.",
  values: Object.fromEntries(
    Object.values(registry).map(({ kind, title, documentedBaseUrl }) => [
      kind,
      { description: `${title} (${documentedBaseUrl}).` },
    ]),
  ) as Record<ProviderKind, { description: string }>,
});

const ReceiptMode = builder.enumType("ReceiptMode", {
  description: "How a provider's receipts reach us.",
  values: {
    CALLBACK: { description: "The provider sends them. smsgraph asks for overdue ones." },
    POLL: { description: "smsgraph has to ask the provider." },
  },
});

const InboundSupport = builder.enumType("InboundSupport", {
  description:
    "How messages from people come from a provider. They can be posted to `<callbackUrl>/inbound` in any case.",
  values: {
    CALLBACK: { description: "It posts them." },
    POLL: { description: "Its list is read for them." },
    NONE: { description: "It has none." },
  } as const,
});

const ProviderCapabilities = builder.objectRef<Capabilities>("ProviderCapabilities").implement({
  description:
    "What a provider can do. Anything else is refused with a typed error before a message is stored.",
  fields: (t) => ({
    receipts: t.expose("receipts", { type: ReceiptMode, description: "How its receipts reach us." }),
    receiptQueue: t.exposeBoolean("receiptQueue", {
      description:
        "Whether the provider also queues receipts and returns each one once; smsgraph reads this queue.",
    }),
    flash: t.exposeBoolean("flash", { description: "Whether it supports flash messages." }),
    scheduling: t.exposeBoolean("scheduling", {
      description:
        "Whether it can hold messages until a set time. smsgraph does this itself for every provider.",
    }),
    longestValidityMinutes: t.exposeInt("longestValidityMinutes", {
      nullable: true,
      description:
        "The longest validity period in minutes; null when it cannot be chosen: then a message that is not submitted by its end expires, and " +
        "what was submitted is out of our hands.",
    }),
    priority: t.exposeBoolean("priority", {
      description: "Whether the message priority is passed on to the provider.",
    }),
    unicodeControl: t.exposeBoolean("unicodeControl", {
      description: "Whether UCS-2 can be used for a text that fits GSM-7.",
    }),
    cadenceGroups: t.exposeBoolean("cadenceGroups", { description: "Whether it supports cadence groups." }),
    dltTemplates: t.exposeBoolean("dltTemplates", {
      description: "Whether it supports templates registered with the Indian DLT platform.",
    }),
    numberLookup: t.exposeBoolean("numberLookup", { description: "Whether it can look up numbers." }),
    inbound: t.expose("inbound", { type: InboundSupport, description: "How messages from people come." }),
    balance: t.exposeBoolean("balance", { description: "Whether it reports its balance." }),
    rates: t.exposeBoolean("rates", { description: "Whether it publishes its rates." }),
    bulkSize: t.exposeInt("bulkSize", { description: "The most messages in one request." }),
    senderMaxLength: t.exposeInt("senderMaxLength", {
      description: "The longest alphanumeric sender, in characters.",
    }),
    senderMaxDigits: t.exposeInt("senderMaxDigits", {
      description: "The longest numeric sender, in digits.",
    }),
    maxSegments: t.exposeInt("maxSegments", { description: "The longest text, in segments." }),
  }),
});

const CadenceGroup = builder.objectRef<CadenceGroupReading>("CadenceGroup").implement({
  description: "A group through which a provider paces its messages.",
  fields: (t) => ({
    id: t.exposeString("id", {
      description: "The provider's id of the group: `cadenceGroupId` of a message.",
    }),
    name: t.exposeString("name", { description: "Its name." }),
    paused: t.exposeBoolean("paused", { description: "Whether it is paused." }),
    note: t.exposeString("note", { nullable: true, description: "A note about it." }),
  }),
});

export const Provider = builder.prismaNode("Provider", {
  description: "A connected account at an SMS provider.",
  id: { field: "id", description: "Global id." },
  nullable: true,
  findUnique: (id, context) => ({ id, accountId: accountOf(context) }),
  fields: (t) => ({
    kind: t.field({
      type: ProviderKindEnum,
      description: "Which provider it is.",
      resolve: ({ kind }) => {
        if (isProviderKind(kind)) return kind;
        throw new Error(`The stored provider kind ${kind} is not registered`);
      },
    }),
    name: t.exposeString("name", { description: "Your name for it." }),
    enabled: t.exposeBoolean("enabled", { description: "Whether messages are sent through it." }),
    priority: t.exposeInt("priority", { description: "A lower number is preferred." }),
    defaultSender: t.exposeString("defaultSender", {
      nullable: true,
      description: "The sender of messages without one.",
    }),
    maxPerSecond: t.exposeFloat("maxPerSecond", {
      nullable: true,
      description: "The most submissions per second, over all workers; null for no limit.",
    }),
    maxConcurrent: t.exposeInt("maxConcurrent", {
      nullable: true,
      description: "The most submissions at the same time, over all workers; null for no limit.",
    }),
    capabilities: t.field({
      type: ProviderCapabilities,
      description: "What it can do.",
      resolve: ({ kind }) => registry[kind as ProviderKind].capabilities,
    }),
    health: t.field({
      type: ProviderHealth,
      description: "How it is doing now.",
      extensions: { cost: { own: 50 } },
      resolve: (provider) => provider,
    }),
    callbackUrl: t.string({
      nullable: true,
      description:
        "The URL to which the provider must post its receipts. It is secret: null without the scope PROVIDERS.",
      resolve: async ({ id }, _args, { connections, viewer }) => {
        if (!viewer?.scopes.has("PROVIDERS")) return null;
        const connection = await connections.get(id);
        return connection ? connections.callbackUrl(connection) : null;
      },
    }),
    callbackAddresses: t.exposeStringList("callbackAddresses", {
      description: "Addresses and networks from which its callbacks are taken; none: from everywhere.",
    }),
    balance: t.field({
      type: Balance,
      nullable: true,
      description: "The newest known balance; null until the first one is known.",
      select: { balances: { orderBy: { fetchedAt: "desc" }, take: 1 } },
      resolve: ({ balances: [newest] }) => newest ?? null,
    }),
    cadenceGroups: t.field({
      type: [CadenceGroup],
      description: "Its cadence groups, fetched now; empty when it has none (see `capabilities`).",
      extensions: { cost: { own: 50 } },
      resolve: async ({ id }, _args, { connections }) => {
        const connection = await connections.get(id);
        const reply = await connection?.client.cadenceGroups?.();
        if (!connection || !reply) return [];
        if (reply.ok) return reply.value;
        throw new ProviderUnavailableError(connection.row.name, reply.problem.detail);
      },
    }),
  }),
});

builder.queryFields((t) => ({
  providers: t.prismaField({
    type: ["Provider"],
    description: "The connected providers, preferred ones first.",
    authScopes: { READ: true, PROVIDERS: true },
    resolve: (query, _root, _args, context) =>
      context.database.prisma.provider.findMany({
        ...query,
        where: { accountId: accountOf(context), disconnectedAt: null },
        orderBy: [{ priority: "asc" }, { id: "asc" }],
      }),
  }),
  provider: t.prismaField({
    type: "Provider",
    nullable: true,
    description: "A provider by its id, even a disconnected one; null when it does not exist.",
    authScopes: { READ: true, PROVIDERS: true },
    args: { id: t.arg.id({ required: true, description: "Global id of the provider." }) },
    resolve: (query, _root, { id }, context) =>
      context.database.prisma.provider.findUnique({
        ...query,
        where: { id: decodeId("Provider", id), accountId: accountOf(context) },
      }),
  }),
}));
