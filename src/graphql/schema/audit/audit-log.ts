import { auditActions, type AuditAction } from "../../../audit/actions.ts";
import { shownValues, targetOf } from "../../../audit/entry-fields.ts";
import { auditWhere } from "../../../audit/read.ts";
import type { AuditEntry as AuditRow } from "../../../database/generated/client.ts";
import { decodeAnyId, decodeId, encodeId } from "../../../lib/global-id.ts";
import { accountOf } from "../../context.ts";
import { builder } from "../builder.ts";
import { paginateById } from "../page.ts";

const AuditActionEnum = builder.enumType("AuditAction", {
  description: "What was done.",
  values: Object.fromEntries(
    Object.entries(auditActions).map(([action, description]) => [action, { description }]),
  ) as Record<AuditAction, { description: string }>,
});

const AuditActorKind = builder.enumType("AuditActorKind", {
  description: "What kind of actor made a change.",
  values: {
    API_KEY: { description: "A caller of this API." },
    COMMAND: { description: "A command on the server." },
    SYSTEM: { description: "smsgraph itself." },
  },
});

const AuditActor = builder.objectRef<AuditRow>("AuditActor").implement({
  description: "Who made a change.",
  fields: (t) => ({
    kind: t.field({
      type: AuditActorKind,
      description: "What kind of actor it was.",
      resolve: ({ actor }) => actor as typeof AuditActorKind.$inferType,
    }),
    keyId: t.id({
      nullable: true,
      description: "Global id of the API key; null for other actors.",
      resolve: ({ keyId }) => keyId && encodeId("ApiKey", keyId),
    }),
    keyName: t.exposeString("keyName", { nullable: true, description: "The name that the key had then." }),
    keyPrefix: t.exposeString("keyPrefix", { nullable: true, description: "How the key begins." }),
    command: t.exposeString("command", {
      nullable: true,
      description: "The command, and the user of the system who ran it.",
    }),
    address: t.exposeString("address", {
      nullable: true,
      description: "The address that the request came from; behind proxies, see `TRUST_PROXY`.",
    }),
  }),
});

const AuditEntry = builder.prismaNode("AuditEntry", {
  description:
    "One change of the account's settings: who made it, when, and what was there before and after.",
  authScopes: { ADMIN: true },
  id: { field: "id", description: "Global id." },
  nullable: true,
  findUnique: (id, context) => ({ id, accountId: accountOf(context) }),
  fields: (t) => ({
    at: t.expose("at", { type: "DateTime", description: "When it was made." }),
    action: t.field({
      type: AuditActionEnum,
      description: "What was done.",
      resolve: ({ action }) => action as AuditAction,
    }),
    actor: t.field({ type: AuditActor, description: "Who did it.", resolve: (entry) => entry }),
    targetId: t.id({
      nullable: true,
      description: "Global id of what was changed; null for settings that an account has only once.",
      resolve: targetOf,
    }),
    before: t.field({
      type: "JSONObject",
      nullable: true,
      description: "The changed values as they were; null for something new. Secrets are masked.",
      resolve: ({ before }) => shownValues(before) as Record<string, unknown> | null,
    }),
    after: t.field({
      type: "JSONObject",
      nullable: true,
      description: "The changed values as they are since; null for something deleted. Secrets are masked.",
      resolve: ({ after }) => shownValues(after) as Record<string, unknown> | null,
    }),
  }),
});

const AuditFilterInput = builder.inputType("AuditFilter", {
  description: "Which entries to answer; what is absent does not restrict.",
  fields: (t) => ({
    actions: t.field({ type: [AuditActionEnum], description: "Only these actions." }),
    keyId: t.id({ description: "Only what was done with this API key (global id)." }),
    targetId: t.id({ description: "Only what was done to this object (global id)." }),
    since: t.field({ type: "DateTime", description: "Only what was done at this time or later." }),
    until: t.field({ type: "DateTime", description: "Only what was done before this time." }),
  }),
});

const AuditEntryConnection = builder.connectionObject(
  { type: AuditEntry, name: "AuditEntryConnection", description: "A page of the audit log." },
  { name: "AuditEntryEdge", description: "An entry of the audit log and its position." },
);

builder.queryField("auditLog", (t) =>
  t.connection(
    {
      type: AuditEntry,
      description:
        "Who changed what of the account, newest first: keys, tokens, providers, rates, limits, policies, webhooks, " +
        "campaigns, suppressions, erasures, outcomes settled by hand, the account itself. Entries can neither be changed nor deleted before their retention ends.",
      authScopes: { ADMIN: true },
      args: { filter: t.arg({ type: AuditFilterInput, description: "Which entries; absent: all." }) },
      resolve: (_root, { filter, ...args }, context) => {
        const where = auditWhere(accountOf(context), {
          actions: filter?.actions ?? undefined,
          keyId: filter?.keyId == null ? undefined : decodeId("ApiKey", filter.keyId, "filter.keyId"),
          target: filter?.targetId == null ? undefined : decodeAnyId(filter.targetId, "filter.targetId"),
          since: filter?.since ?? undefined,
          until: filter?.until ?? undefined,
        });
        return paginateById(args, ({ where: id, orderBy, take }) =>
          context.database.prisma.auditEntry.findMany({
            where: { ...where, id },
            orderBy: { id: orderBy },
            take,
          }),
        );
      },
    },
    AuditEntryConnection,
  ),
);
