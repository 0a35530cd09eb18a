import { queryFromInfo } from "@pothos/plugin-prisma";
import { newKey } from "../../../access/api-keys.ts";
import { storeKey } from "../../../access/store-key.ts";
import { checkRanges, maxAddresses } from "../../../lib/allowed-addresses.ts";
import { checkBounds, checkGrant, checkLimitsWithin, checkHandling } from "../../../access/grants.ts";
import { maxOverlapHours, rotateKey } from "../../../access/rotate.ts";
import { revokeKey } from "../../../access/revoke.ts";
import type { ApiKey as ApiKeyRow } from "../../../database/generated/client.ts";
import {
  InvalidInputError,
  LastAdminKeyError,
  NotFoundError,
  QuotaExceededError,
} from "../../../lib/errors.ts";
import { requireStorable } from "../../../lib/storable.ts";
import { builder } from "../builder.ts";
import { accountOf, callerOf } from "../../context.ts";
import { decodeId, encodeId } from "../../../lib/global-id.ts";
import { maxKeyName } from "../limits.ts";
import { paginateById } from "../page.ts";
import { readLimits } from "../../../access/rate-limits.ts";
import { setKeyLimits } from "../../../access/key-limits.ts";
import { checkLimits } from "../../../access/check-limits.ts";
import { ApiKeyLimits, ApiKeyLimitsInput } from "./rate-limits.ts";
import { checkRestrictions, checkWithin } from "../../../access/key-restrictions.ts";
import { readRestrictions } from "../../../lib/send-restrictions.ts";
import { KeyRestrictions, KeyRestrictionsInput, toRestrictions } from "./restrictions.ts";
import "./quotas.ts";
import { ApiScope } from "./viewer.ts";

export const ApiKey = builder.prismaNode("ApiKey", {
  description:
    "A key for programs that call this API. The secret itself is not stored and is shown only once.",
  authScopes: { KEYS: true },
  id: { field: "id", description: "Global id." },
  nullable: true,
  findUnique: (id, context) => ({ id, accountId: accountOf(context) }),
  fields: (t) => ({
    name: t.exposeString("name", { description: "Your name for the key." }),
    prefix: t.exposeString("prefix", {
      nullable: true,
      description: "How the key begins, to recognise it; null for keys made before this was stored.",
    }),
    allowedAddresses: t.exposeStringList("allowedAddresses", {
      description: "Addresses and networks that it may be used from; empty for all.",
    }),
    callbackUrl: t.exposeString("callbackUrl", {
      nullable: true,
      description:
        "Where the served APIs of other vendors post receipts of messages that name no address of their own; null for nowhere.",
    }),
    allowsGet: t.exposeBoolean("allowsGet", {
      description:
        "Whether the served API of Telekom SK takes its requests by GET, with the key in the address.",
    }),
    replacesId: t.id({
      nullable: true,
      description: "Global id of the key that it succeeds; null when it was not made by `rotateApiKey`.",
      resolve: ({ rotatedFrom }) => rotatedFrom && encodeId("ApiKey", rotatedFrom),
    }),
    scopes: t.field({
      type: [ApiScope],
      description: "What the key may do.",
      resolve: ({ scopes }) => scopes as (typeof ApiScope.$inferType)[],
    }),
    isCurrent: t.boolean({
      description: "Whether this request uses this key.",
      resolve: ({ id }, _args, { viewer }) => id === viewer?.keyId,
    }),
    createdAt: t.expose("createdAt", { type: "DateTime", description: "When it was created." }),
    expiresAt: t.expose("expiresAt", {
      type: "DateTime",
      nullable: true,
      description: "When it expires; null for never.",
    }),
    lastUsedAt: t.expose("lastUsedAt", {
      type: "DateTime",
      nullable: true,
      description: "When it was last used, to the minute; null for never.",
    }),
    limits: t.field({
      type: ApiKeyLimits,
      description: "The key's own rate limits.",
      resolve: ({ limits }) => readLimits(limits) ?? {},
    }),
    restrictions: t.field({
      type: KeyRestrictions,
      description: "What it may send through, as and to.",
      resolve: ({ restrictions }) => readRestrictions(restrictions) ?? {},
    }),
    revokedAt: t.expose("revokedAt", {
      type: "DateTime",
      nullable: true,
      description: "When it was revoked; null while it may be used.",
    }),
  }),
});

const CreateApiKeyInput = builder.inputType("CreateApiKeyInput", {
  description: "A new key.",
  fields: (t) => ({
    name: t.string({
      required: true,
      description: `Your name for the key, 1 to ${maxKeyName} characters.`,
    }),
    scopes: t.field({
      type: [ApiScope],
      required: true,
      description: "What the key may do; at least one scope, and none that the calling key lacks.",
    }),
    expiresAt: t.field({ type: "DateTime", description: "When it expires; absent: never." }),
    allowedAddresses: t.stringList({
      description:
        `Addresses and networks that it may be used from, such as \`203.0.113.0/24\`, at most ${maxAddresses}; absent: ` +
        "all. Watch tokens of the key may be used from anywhere.",
    }),
    limits: t.field({ type: ApiKeyLimitsInput, description: "Its own rate limits; absent: none." }),
    restrictions: t.field({
      type: KeyRestrictionsInput,
      description:
        "What it may send through, as and to; absent: everything. A restricted key makes only keys that are restricted as much.",
    }),
    callbackUrl: t.string({
      description:
        "Where the served APIs of other vendors post receipts of messages that name no address of their own; absent: nowhere.",
    }),
    allowsGet: t.boolean({
      description:
        "Whether the served API of Telekom SK takes its requests by GET. Keys in addresses end up in logs; absent: it does not.",
    }),
  }),
});

interface CreatedApiKeyShape {
  secret: string;
  apiKey: ApiKeyRow;
}

const CreatedApiKey = builder.objectRef<CreatedApiKeyShape>("CreatedApiKey").implement({
  description: "A new key. This is the only time it is shown.",
  isTypeOf: (value) => typeof value === "object" && value !== null && "secret" in value,
  fields: (t) => ({
    secret: t.exposeString("secret", {
      description:
        "The key itself. Send it as `Authorization: Bearer <key>`. Store it: it is not shown again.",
    }),
    apiKey: t.expose("apiKey", { type: ApiKey, description: "The stored data of the key." }),
  }),
});

const CreateApiKeyResult = builder.errorUnion("CreateApiKeyResult", {
  description: "The new key, or why it was not created.",
  types: [CreatedApiKey, InvalidInputError, NotFoundError, QuotaExceededError],
});

const SetApiKeyLimitsResult = builder.errorUnion("SetApiKeyLimitsResult", {
  description: "The key with its new limits, or why they were not set.",
  types: [ApiKey, InvalidInputError, NotFoundError],
});

const RotateApiKeyResult = builder.errorUnion("RotateApiKeyResult", {
  description: "The successor, or why there is none.",
  types: [CreatedApiKey, InvalidInputError, NotFoundError, QuotaExceededError],
});

const RevokeApiKeyResult = builder.errorUnion("RevokeApiKeyResult", {
  description: "The key that was revoked, or why it was not.",
  types: [ApiKey, InvalidInputError, NotFoundError, LastAdminKeyError],
});

const ApiKeyConnection = builder.connectionObject(
  { type: ApiKey, name: "ApiKeyConnection", description: "A page of API keys." },
  { name: "ApiKeyEdge", description: "An API key and its position in the list." },
);

builder.queryField("apiKeys", (t) =>
  t.connection(
    {
      type: ApiKey,
      description: "The keys of the account, newest first, including revoked and expired ones.",
      authScopes: { KEYS: true },
      resolve: (_root, args, context, info) => {
        const query = queryFromInfo({ context, info, path: ["edges", "node"] });
        return paginateById(args, ({ where: id, orderBy, take }) =>
          context.database.prisma.apiKey.findMany({
            ...query,
            where: { accountId: accountOf(context), id },
            orderBy: { id: orderBy },
            take,
          }),
        );
      },
    },
    ApiKeyConnection,
  ),
);

/** @throws InvalidInputError */
function checkOverlap(hours: number): void {
  if (hours >= 0 && hours <= maxOverlapHours) return;
  throw new InvalidInputError("overlapHours", `\`overlapHours\` must be 0 to ${maxOverlapHours}.`);
}

/** @throws InvalidInputError */
function checkInput({ name, scopes, expiresAt }: typeof CreateApiKeyInput.$inferInput, now: Date): void {
  if (name.trim() === "" || name.length > maxKeyName) {
    throw new InvalidInputError("name", `\`name\` must have 1 to ${maxKeyName} characters.`);
  }
  requireStorable(name, "name");
  if (scopes.length === 0) throw new InvalidInputError("scopes", "Give at least one scope.");
  if (expiresAt && expiresAt <= now) {
    throw new InvalidInputError("expiresAt", "`expiresAt` must be in the future. Leave it out for no end.");
  }
}

builder.mutationFields((t) => ({
  createApiKey: t.field({
    type: CreateApiKeyResult,
    description: "Creates a key for this account. Only this answer contains its secret.",
    authScopes: { KEYS: true },
    args: { input: t.arg({ type: CreateApiKeyInput, required: true, description: "The new key." }) },
    resolve: async (_root, { input }, context) => {
      checkInput(input, context.clock.now());
      checkGrant(callerOf(context), input.scopes);
      const restrictions = await checkRestrictions(
        context.database,
        accountOf(context),
        toRestrictions(input.restrictions ?? {}),
      );
      checkWithin(callerOf(context), restrictions);
      const limits = checkLimits(input.limits ?? {});
      const allowedAddresses = checkRanges(input.allowedAddresses ?? [], "allowedAddresses");
      checkBounds(callerOf(context), { ...input, limits, allowedAddresses });
      await context.quotas.require("KEYS", accountOf(context));
      const callbackUrl =
        input.callbackUrl == null ? undefined : await context.webhooks.checkUrl(input.callbackUrl);
      const secret = newKey();
      const id = await storeKey(context.database, secret, {
        accountId: accountOf(context),
        name: input.name,
        granted: [...new Set(input.scopes)],
        expiresAt: input.expiresAt ?? undefined,
        limits,
        restrictions,
        allowedAddresses,
        callbackUrl,
        allowsGet: input.allowsGet ?? false,
      });
      const apiKey = await context.database.prisma.apiKey.findUniqueOrThrow({ where: { id } });
      return { secret, apiKey };
    },
  }),
  setApiKeyLimits: t.field({
    type: SetApiKeyLimitsResult,
    description: "Replaces a key's own rate limits. Every process goes by them within a second.",
    authScopes: { KEYS: true },
    args: {
      id: t.arg.id({ required: true, description: "Global id of the key." }),
      limits: t.arg({ type: ApiKeyLimitsInput, required: true, description: "Its limits, all of them." }),
    },
    resolve: async (_root, args, context) => {
      const id = decodeId("ApiKey", args.id);
      await checkHandling(context.database, callerOf(context), id);
      const limits = checkLimits(args.limits);
      checkLimitsWithin(callerOf(context), limits);
      await setKeyLimits(context.database, accountOf(context), id, limits);
      return ApiKey.addBrand(await context.database.prisma.apiKey.findUniqueOrThrow({ where: { id } }));
    },
  }),
  rotateApiKey: t.field({
    type: RotateApiKeyResult,
    description:
      "Makes a successor of a key, with the same name and rights, and gives the key an end. Both open until then: `lastUsedAt` " +
      "of the earlier one tells whether anybody still uses it.",
    authScopes: { KEYS: true },
    args: {
      id: t.arg.id({ required: true, description: "Global id of the key." }),
      overlapHours: t.arg.int({
        required: true,
        defaultValue: 24,
        description: `After how many hours the earlier key ends, 0 to ${maxOverlapHours}. Use 0 if it has leaked.`,
      }),
    },
    resolve: async (_root, { id: globalId, overlapHours }, context) => {
      const keyId = decodeId("ApiKey", globalId);
      const viewer = callerOf(context);
      checkOverlap(overlapHours);
      await checkHandling(context.database, viewer, keyId);
      const { accountId } = viewer;
      // Without it, rotating one key again and again would make any number of live ones.
      if (overlapHours > 0) await context.quotas.require("KEYS", accountId);
      const { id, secret } = await rotateKey(context.database, { accountId, keyId, overlapHours });
      const apiKey = await context.database.prisma.apiKey.findUniqueOrThrow({ where: { id } });
      return { secret, apiKey };
    },
  }),
  revokeApiKey: t.field({
    type: RevokeApiKeyResult,
    description:
      "Revokes a key for good. Every socket and stream opened with it, or with a watch token made by it, is closed " +
      "within a second. A key may revoke itself (see `isCurrent`), but the account's last ADMIN key without an " +
      "expiry, addresses or restrictions cannot be revoked.",
    authScopes: { KEYS: true },
    args: { id: t.arg.id({ required: true, description: "Global id of the key." }) },
    resolve: async (_root, args, context) => {
      const id = decodeId("ApiKey", args.id);
      await checkHandling(context.database, callerOf(context), id);
      const { accountId, keyId: byKeyId } = callerOf(context);
      await revokeKey(context.database, { accountId, keyId: id, byKeyId });
      return ApiKey.addBrand(await context.database.prisma.apiKey.findUniqueOrThrow({ where: { id } }));
    },
  }),
}));
