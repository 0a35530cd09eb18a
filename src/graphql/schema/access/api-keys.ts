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
  description: "A key with which programs call this API. The key itself is not kept, and never shown again.",
  authScopes: { ADMIN: true },
  id: { field: "id", description: "Global id." },
  nullable: true,
  findUnique: (id, context) => ({ id, accountId: accountOf(context) }),
  fields: (t) => ({
    name: t.exposeString("name", { description: "What it is for, in your words." }),
    scopes: t.field({
      type: [ApiScope],
      description: "What it may do.",
      resolve: ({ scopes }) => scopes as (typeof ApiScope.$inferType)[],
    }),
    isCurrent: t.boolean({
      description: "Whether this request was made with it.",
      resolve: ({ id }, _args, { viewer }) => id === viewer?.keyId,
    }),
    createdAt: t.expose("createdAt", { type: "DateTime", description: "When it was made." }),
    expiresAt: t.expose("expiresAt", {
      type: "DateTime",
      nullable: true,
      description: "When it ends by itself; null for never.",
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
      description: `What it is for, in your words, 1 to ${maxKeyName} characters.`,
    }),
    scopes: t.field({
      type: [ApiScope],
      required: true,
      description: "What it may do, at least one. An ADMIN key may grant any scope within its account.",
    }),
    expiresAt: t.field({ type: "DateTime", description: "When it is to end by itself; absent: never." }),
  }),
});

interface CreatedApiKeyShape {
  secret: string;
  apiKey: ApiKeyRow;
}

const CreatedApiKey = builder.objectRef<CreatedApiKeyShape>("CreatedApiKey").implement({
  description: "A new key, the only time that it is shown.",
  isTypeOf: (value) => typeof value === "object" && value !== null && "secret" in value,
  fields: (t) => ({
    secret: t.exposeString("secret", {
      description:
        "The key itself: send it as `Authorization: Bearer <key>`. Keep it; it is not shown again.",
    }),
    apiKey: t.expose("apiKey", { type: ApiKey, description: "What is kept of it." }),
  }),
});

const CreateApiKeyResult = builder.errorUnion("CreateApiKeyResult", {
  description: "The new key, or why there is none.",
  types: [CreatedApiKey, InvalidInputError],
});

const RevokeApiKeyResult = builder.errorUnion("RevokeApiKeyResult", {
  description: "The key that was revoked, or why it was not.",
  types: [ApiKey, InvalidInputError, NotFoundError, LastAdminKeyError],
});

const ApiKeyConnection = builder.connectionObject(
  { type: ApiKey, name: "ApiKeyConnection", description: "A page of API keys." },
  { name: "ApiKeyEdge", description: "An API key and its place in the list." },
);

builder.queryField("apiKeys", (t) =>
  t.connection(
    {
      type: ApiKey,
      description: "The keys of the account, newest first, those that were revoked or have expired too.",
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
    description: "Makes a key of this account. Its secret is in the answer, and shown only there.",
    authScopes: { ADMIN: true },
    args: { input: t.arg({ type: CreateApiKeyInput, required: true, description: "The key." }) },
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
      "Revokes a key for good: within a second every socket and stream opened with it, or with a watch token that " +
      "it made, is closed. A key may revoke itself (see `isCurrent`), but not the account's last ADMIN key that does " +
      "not end by itself.",
    authScopes: { ADMIN: true },
    args: { id: t.arg.id({ required: true, description: "Global id of the key." }) },
    resolve: async (_root, { id: shownId }, context) => {
      const id = decodeId("ApiKey", shownId);
      await revokeKey(context.database, { accountId: accountOf(context), keyId: id, shownId });
      return ApiKey.addBrand(await context.database.prisma.apiKey.findUniqueOrThrow({ where: { id } }));
    },
  }),
}));
