import { queryFromInfo } from "@pothos/plugin-prisma";
import { revokeToken } from "../../../access/stored-tokens.ts";
import { paginateById } from "../page.ts";
import { accountOf, type Context } from "../../context.ts";
import type { WatchTarget } from "../../../access/watch-tokens.ts";
import { InvalidInputError, NotFoundError } from "../../../lib/errors.ts";
import { builder } from "../builder.ts";
import { decodeId, encodeId } from "../../../lib/global-id.ts";
import { defaultTokenSeconds, maxTokenSeconds } from "../limits.ts";

const CreateWatchTokenInput = builder.inputType("CreateWatchTokenInput", {
  description: "What the token allows: exactly one message or one campaign.",
  fields: (t) => ({
    messageId: t.id({ description: "Global id of the message." }),
    campaignId: t.id({ description: "Global id of the campaign." }),
    expiresInSeconds: t.int({
      description: `How long it lasts: 1 to ${maxTokenSeconds} seconds; absent: ${defaultTokenSeconds}.`,
    }),
  }),
});

const IssuedWatchToken = builder.prismaNode("IssuedWatchToken", {
  description: "A watch token that was created. The token itself is not stored.",
  authScopes: { KEYS: true },
  id: { field: "id", description: "Global id." },
  nullable: true,
  findUnique: (id, context) => ({ id, accountId: accountOf(context) }),
  fields: (t) => ({
    targetId: t.id({
      description: "Global id of the message or campaign that it opens.",
      resolve: ({ targetType, targetId }) => encodeId(targetType as WatchTarget["type"], targetId),
    }),
    apiKey: t.relation("key", { description: "The key that created it." }),
    createdAt: t.expose("createdAt", { type: "DateTime", description: "When it was created." }),
    expiresAt: t.expose("expiresAt", { type: "DateTime", description: "When it ends by itself." }),
    revokedAt: t.expose("revokedAt", {
      type: "DateTime",
      nullable: true,
      description: "When it was revoked; null while it was not.",
    }),
  }),
});

const IssuedWatchTokenConnection = builder.connectionObject(
  {
    type: IssuedWatchToken,
    name: "IssuedWatchTokenConnection",
    description: "A page of created watch tokens.",
  },
  { name: "IssuedWatchTokenEdge", description: "A created watch token and its position in the list." },
);

const RevokeWatchTokenResult = builder.errorUnion("RevokeWatchTokenResult", {
  description: "The watch token that was revoked, or why it was not.",
  types: [IssuedWatchToken, InvalidInputError, NotFoundError],
});

builder.queryField("watchTokens", (t) =>
  t.connection(
    {
      type: IssuedWatchToken,
      description: "The watch tokens of the account, newest first. One is listed until a day after its end.",
      authScopes: { KEYS: true },
      resolve: (_root, args, context, info) => {
        const query = queryFromInfo({ context, info, path: ["edges", "node"] });
        return paginateById(args, ({ where: id, orderBy, take }) =>
          context.database.prisma.issuedWatchToken.findMany({
            ...query,
            where: { accountId: accountOf(context), id },
            orderBy: { id: orderBy },
            take,
          }),
        );
      },
    },
    IssuedWatchTokenConnection,
  ),
);

builder.mutationField("revokeWatchToken", (t) =>
  t.field({
    type: RevokeWatchTokenResult,
    description: "Revokes one watch token. Every socket and stream opened with it is closed within a second.",
    authScopes: { KEYS: true },
    args: { id: t.arg.id({ required: true, description: "Global id of the token." }) },
    resolve: async (_root, args, context) => {
      const id = decodeId("IssuedWatchToken", args.id);
      await revokeToken(context.database, accountOf(context), id);
      const row = await context.database.prisma.issuedWatchToken.findUniqueOrThrow({ where: { id } });
      return IssuedWatchToken.addBrand(row);
    },
  }),
);

interface WatchTokenShape {
  /** The stored token. */
  id: string;
  token: string;
  expiresAt: Date;
}

const WatchToken = builder.objectRef<WatchTokenShape>("WatchToken").implement({
  description: "A token for a browser. It can read and watch one message or one campaign, and nothing else.",
  isTypeOf: (value) => typeof value === "object" && value !== null && "token" in value,
  fields: (t) => ({
    id: t.id({
      description: "Global id, for `revokeWatchToken`.",
      resolve: ({ id }) => encodeId("IssuedWatchToken", id),
    }),
    token: t.exposeString("token", {
      description:
        "Send it in place of an API key. An `EventSource`, which cannot set headers, may send it as `?token=`.",
    }),
    expiresAt: t.expose("expiresAt", {
      type: "DateTime",
      description: "When it and all its streams end. They also end when its API key is revoked.",
    }),
  }),
});

const CreateWatchTokenResult = builder.errorUnion("CreateWatchTokenResult", {
  description: "The token, or why it was not created.",
  types: [WatchToken, InvalidInputError, NotFoundError],
});

builder.mutationField("createWatchToken", (t) =>
  t.field({
    type: CreateWatchTokenResult,
    description:
      "Creates a short-lived token for a browser, bound to one message or one campaign. It passes on the right to read, " +
      "so the key must have it.",
    authScopes: { READ: true },
    args: {
      input: t.arg({ type: CreateWatchTokenInput, required: true, description: "What the token allows." }),
    },
    resolve: async (_root, { input }, context) => {
      const lifetimeSeconds = input.expiresInSeconds ?? defaultTokenSeconds;
      if (lifetimeSeconds < 1 || lifetimeSeconds > maxTokenSeconds) {
        throw new InvalidInputError(
          "expiresInSeconds",
          `\`expiresInSeconds\` must be 1 to ${maxTokenSeconds}, not ${lifetimeSeconds}.`,
        );
      }
      const target = await findTarget(context, input);
      if (!context.viewer) throw new Error("A scope was granted to nobody");
      return context.access.issueToken(context.viewer, target, lifetimeSeconds);
    },
  }),
);

/** @throws InvalidInputError, NotFoundError */
async function findTarget(
  context: Context,
  { messageId, campaignId }: typeof CreateWatchTokenInput.$inferInput,
): Promise<WatchTarget> {
  const globalId = messageId ?? campaignId;
  if (globalId == null || (messageId != null && campaignId != null)) {
    throw new InvalidInputError("messageId", "Give exactly one of `messageId` and `campaignId`.");
  }
  const type = messageId == null ? "Campaign" : "Message";
  const id = decodeId(type, globalId, type === "Message" ? "messageId" : "campaignId");
  const where = { id, accountId: accountOf(context) };
  const { message, campaign } = context.database.prisma;
  const found = type === "Message" ? await message.count({ where }) : await campaign.count({ where });
  if (found === 0) throw new NotFoundError(type, id);
  return { type, id };
}
