import { queryFromInfo } from "@pothos/plugin-prisma";
import { newKey, storeKey } from "../../../access/api-keys.ts";
import { revokeKey } from "../../../access/revoke.ts";
import type { ApiKey as ApiKeyRow } from "../../../database/generated/client.ts";
import { InvalidInputError, LastAdminKeyError, NotFoundError } from "../../../lib/errors.ts";
import { requireStorable } from "../../../lib/storable.ts";
import { builder } from "../builder.ts";
import { accountOf } from "../../context.ts";
import { decodeId } from "../../../lib/global-id.ts";
import { maxKeyName } from "../limits.ts";
import { paginateById } from "../page.ts";
import { ApiScope } from "./viewer.ts";

const ApiKey = builder.prismaNode("ApiKey", {
  description:
    "A key for programs that call this API. The secret itself is not stored and is shown only once.",
  authScopes: { ADMIN: true },
  id: { field: "id", description: "Global id." },
  nullable: true,
  findUnique: (id, context) => ({ id, accountId: accountOf(context) }),
  fields: (t) => ({
    name: t.exposeString("name", { description: "Your name for the key." }),
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
      description:
        "What the key may do; at least one scope. An ADMIN key may grant any scope in its account.",
    }),
    expiresAt: t.field({ type: "DateTime", description: "When it expires; absent: never." }),
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
  types: [CreatedApiKey, InvalidInputError],
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
      authScopes: { ADMIN: true },
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
    authScopes: { ADMIN: true },
    args: { input: t.arg({ type: CreateApiKeyInput, required: true, description: "The new key." }) },
    resolve: async (_root, { input }, context) => {
      checkInput(input, context.clock.now());
      const secret = newKey();
      const id = await storeKey(context.database, secret, {
        accountId: accountOf(context),
        name: input.name,
        granted: [...new Set(input.scopes)],
        expiresAt: input.expiresAt ?? undefined,
      });
      const apiKey = await context.database.prisma.apiKey.findUniqueOrThrow({ where: { id } });
      return { secret, apiKey };
    },
  }),
  revokeApiKey: t.field({
    type: RevokeApiKeyResult,
    description:
      "Revokes a key for good. Every socket and stream opened with it, or with a watch token made by it, is closed " +
      "within a second. A key may revoke itself (see `isCurrent`), but the account's last ADMIN key without an " +
      "expiry cannot be revoked.",
    authScopes: { ADMIN: true },
    args: { id: t.arg.id({ required: true, description: "Global id of the key." }) },
    resolve: async (_root, args, context) => {
      const id = decodeId("ApiKey", args.id);
      await revokeKey(context.database, { accountId: accountOf(context), keyId: id });
      return ApiKey.addBrand(await context.database.prisma.apiKey.findUniqueOrThrow({ where: { id } }));
    },
  }),
}));
