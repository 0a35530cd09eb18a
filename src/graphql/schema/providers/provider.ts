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

export const ProviderKindEnum = builder.enumType("ProviderKind", {
  description: "The providers smsgraph speaks to.",
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
    CALLBACK: { description: "The provider pushes them; overdue ones are asked for." },
    POLL: { description: "The provider has to be asked." },
  },
});

const ProviderCapabilities = builder.objectRef<Capabilities>("ProviderCapabilities").implement({
  description:
    "What a provider can do. Asking for anything else is a typed error before a message is stored.",
  fields: (t) => ({
    receipts: t.expose("receipts", { type: ReceiptMode, description: "How its receipts reach us." }),
    receiptQueue: t.exposeBoolean("receiptQueue", {
      description: "Whether receipts also wait in a queue that hands each out once; smsgraph empties it.",
    }),
    flash: t.exposeBoolean("flash", { description: "Flash messages." }),
    scheduling: t.exposeBoolean("scheduling", {
      description: "Holding messages until a time; smsgraph does that itself for every provider.",
    }),
    longestValidityMinutes: t.exposeInt("longestValidityMinutes", {
      nullable: true,
      description: "Longest validity period a sender may choose, in minutes; null when there is no choice.",
    }),
    priority: t.exposeBoolean("priority", {
      description: "A priority of the sender's choice, at the provider too.",
    }),
    unicodeControl: t.exposeBoolean("unicodeControl", { description: "UCS-2 for a text that fits GSM-7." }),
    cadenceGroups: t.exposeBoolean("cadenceGroups", { description: "Sending through cadence groups." }),
    dltTemplates: t.exposeBoolean("dltTemplates", {
      description: "Templates registered with the Indian DLT platform.",
    }),
    numberLookup: t.exposeBoolean("numberLookup", { description: "Looking a number up." }),
    balance: t.exposeBoolean("balance", { description: "Telling the balance." }),
    rates: t.exposeBoolean("rates", { description: "Telling its rates." }),
    bulkSize: t.exposeInt("bulkSize", { description: "Messages in one request at most." }),
    senderMaxLength: t.exposeInt("senderMaxLength", {
      description: "Longest alphanumeric sender, in characters.",
    }),
    senderMaxDigits: t.exposeInt("senderMaxDigits", { description: "Longest sender of digits only." }),
    maxSegments: t.exposeInt("maxSegments", { description: "Longest text, in segments." }),
  }),
});

const CadenceGroup = builder.objectRef<CadenceGroupReading>("CadenceGroup").implement({
  description: "A group through which a provider paces its messages.",
  fields: (t) => ({
    id: t.exposeString("id", {
      description: "The provider's id of the group: `cadenceGroupId` of a message.",
    }),
    name: t.exposeString("name", { description: "Its name." }),
    paused: t.exposeBoolean("paused", { description: "Whether it is held back at present." }),
    note: t.exposeString("note", { nullable: true, description: "What was noted with it." }),
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
    priority: t.exposeInt("priority", { description: "The lower is preferred." }),
    defaultSender: t.exposeString("defaultSender", {
      nullable: true,
      description: "The sender of messages that name none.",
    }),
    maxPerSecond: t.exposeFloat("maxPerSecond", {
      nullable: true,
      description: "Submissions per second at most, over all workers; null without a limit.",
    }),
    maxConcurrent: t.exposeInt("maxConcurrent", {
      nullable: true,
      description: "Submissions in flight at most, over all workers; null without a limit.",
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
      description: "Where the provider must post its receipts. It is secret; null without the ADMIN scope.",
      resolve: async ({ id }, _args, { connections, viewer }) => {
        if (!viewer?.scopes.has("ADMIN")) return null;
        const connection = await connections.get(id);
        return connection ? connections.callbackUrl(connection) : null;
      },
    }),
    balance: t.field({
      type: Balance,
      nullable: true,
      description: "The newest known balance; null before the first answer.",
      select: { balances: { orderBy: { fetchedAt: "desc" }, take: 1 } },
      resolve: ({ balances: [newest] }) => newest ?? null,
    }),
    cadenceGroups: t.field({
      type: [CadenceGroup],
      description: "Its cadence groups, asked for now; empty when it has none (see `capabilities`).",
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
    description: "The connected providers, the preferred first.",
    authScopes: { READ: true },
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
    description: "A provider by its id, a disconnected one too; null when there is none.",
    authScopes: { READ: true },
    args: { id: t.arg.id({ required: true, description: "Global id of the provider." }) },
    resolve: (query, _root, { id }, context) =>
      context.database.prisma.provider.findUnique({
        ...query,
        where: { id: decodeId("Provider", id), accountId: accountOf(context) },
      }),
  }),
}));
