import { readLimits } from "../../../access/rate-limits.ts";
import type {
  Account as AccountRow,
  AccountDeletion as DeletionRow,
} from "../../../database/generated/client.ts";
import { AccountDeletingError, InvalidInputError, NotFoundError } from "../../../lib/errors.ts";
import { decodeId, encodeId } from "../../../lib/global-id.ts";
import { requireStorable } from "../../../lib/storable.ts";
import { checkLimits } from "../../../access/check-limits.ts";
import { ApiKeyLimits, ApiKeyLimitsInput } from "../access/rate-limits.ts";
import { builder } from "../builder.ts";
import type { Context } from "../../context.ts";
import { maxKeyName } from "../limits.ts";
import { paginateById } from "../page.ts";

const AccountStatus = builder.enumType("AccountStatus", {
  description: "Whether an account may be used.",
  values: {
    ACTIVE: { description: "It may be used." },
    SUSPENDED: { description: "Nobody may call for it, and nothing of it is sent." },
    DELETING: { description: "It is being deleted." },
  } as const,
});

const Account = builder.objectRef<AccountRow>("Account").implement({
  description: "An account, as the operator of the installation sees it: nothing of what is in it.",
  isTypeOf: (value) => typeof value === "object" && value !== null && "suspendedAt" in value,
  fields: (t) => ({
    id: t.id({ description: "Global id.", resolve: ({ id }) => encodeId("Account", id) }),
    name: t.exposeString("name", { description: "Its name." }),
    createdAt: t.expose("createdAt", { type: "DateTime", description: "When it was made." }),
    status: t.field({
      type: AccountStatus,
      description: "Whether it may be used.",
      resolve: ({ suspendedAt, deletingAt }) =>
        deletingAt ? "DELETING" : suspendedAt ? "SUSPENDED" : "ACTIVE",
    }),
    suspendedAt: t.expose("suspendedAt", {
      type: "DateTime",
      nullable: true,
      description: "Since when it is suspended; null while it is active.",
    }),
    limits: t.field({
      type: ApiKeyLimits,
      description: "The rate limits of its keys; null for those of everyone.",
      resolve: ({ limits }) => readLimits(limits) ?? {},
    }),
  }),
});

const AccountDeletion = builder.objectRef<DeletionRow>("AccountDeletion").implement({
  description: "How far the deletion of an account has come.",
  isTypeOf: (value) => typeof value === "object" && value !== null && "keepsTotals" in value,
  fields: (t) => ({
    accountId: t.id({
      description: "Global id of the account.",
      resolve: ({ accountId }) => encodeId("Account", accountId),
    }),
    requestedAt: t.expose("requestedAt", { type: "DateTime", description: "When it was asked for." }),
    step: t.exposeString("step", { description: "What is being deleted, in words." }),
    deletedRows: t.float({
      description: "Rows of the database deleted so far.",
      resolve: ({ deleted }) => Number(deleted),
    }),
    finishedAt: t.expose("finishedAt", {
      type: "DateTime",
      nullable: true,
      description: "When nothing was left; null until then.",
    }),
  }),
});

const CreatedAccount = builder
  .objectRef<{ firstKey: string; account: AccountRow }>("CreatedAccount")
  .implement({
    description: "A new account. This is the only time its first key is shown.",
    isTypeOf: (value) => typeof value === "object" && value !== null && "firstKey" in value,
    fields: (t) => ({
      firstKey: t.exposeString("firstKey", {
        description: "A key with all scopes. Its holder makes the others with `createApiKey`.",
      }),
      account: t.expose("account", { type: Account, description: "The account." }),
    }),
  });

const CreateAccountResult = builder.errorUnion("CreateAccountResult", {
  description: "The new account, or why it was not made.",
  types: [CreatedAccount, InvalidInputError],
});

const ChangeAccountResult = builder.errorUnion("ChangeAccountResult", {
  description: "The account as it is now, or why it was not changed.",
  types: [Account, InvalidInputError, NotFoundError, AccountDeletingError],
});

const DeleteAccountResult = builder.errorUnion("DeleteAccountResult", {
  description: "The deletion that has begun, or why it has not.",
  types: [AccountDeletion, InvalidInputError, NotFoundError],
});

const operator = { OPERATOR: true } as const;

builder.queryFields((t) => ({
  accounts: t.connection(
    {
      type: Account,
      description: "All accounts of the installation, newest first. For the operator's key alone.",
      authScopes: operator,
      resolve: (_root, args, { database }) =>
        paginateById(args, ({ where: id, orderBy, take }) =>
          database.prisma.account.findMany({ where: { id }, orderBy: { id: orderBy }, take }),
        ),
    },
    { name: "AccountConnection", description: "A page of accounts." },
    { name: "AccountEdge", description: "An account and its position in the list." },
  ),
  accountDeletion: t.field({
    type: AccountDeletion,
    nullable: true,
    description: "How far the deletion of an account has come; null when none was asked for.",
    authScopes: operator,
    args: { id: t.arg.id({ required: true, description: "Global id of the account." }) },
    resolve: (_root, { id }, { database }) =>
      database.prisma.accountDeletion.findUnique({ where: { accountId: decodeId("Account", id) } }),
  }),
}));

const read = async ({ database }: Context, id: string): Promise<AccountRow> => {
  const account = await database.prisma.account.findUnique({ where: { id } });
  if (!account) throw new NotFoundError("Account", id);
  return account;
};

/** @throws InvalidInputError */
function checkName(name: string): void {
  if (name.trim() === "" || name.length > maxKeyName)
    throw new InvalidInputError("name", `\`name\` must have 1 to ${maxKeyName} characters.`);
  requireStorable(name, "name");
}

builder.mutationFields((t) => {
  const id = t.arg.id({ required: true, description: "Global id of the account." });
  return {
    createAccount: t.field({
      type: CreateAccountResult,
      description: "Makes an account with a first key. For the operator's key alone.",
      authScopes: operator,
      args: {
        name: t.arg.string({
          required: true,
          description: `Its name, 1 to ${maxKeyName} characters; no other account may have it.`,
        }),
      },
      resolve: async (_root, { name }, context) => {
        checkName(name);
        const { accountId, secret } = await context.accounts.create(name);
        return { firstKey: secret, account: await read(context, accountId) };
      },
    }),
    suspendAccount: t.field({
      type: ChangeAccountResult,
      description:
        "Suspends an account: within a second its keys and tokens are refused everywhere, its sockets, streams, uploads " +
        "and exports end, its webhooks stop, and nothing more is sent. Receipts of what was sent are still taken.",
      authScopes: operator,
      args: { id },
      resolve: async (_root, args, context) => {
        const accountId = decodeId("Account", args.id);
        await context.accounts.suspend(accountId);
        return read(context, accountId);
      },
    }),
    resumeAccount: t.field({
      type: ChangeAccountResult,
      description: "Lets a suspended account go on where it stopped.",
      authScopes: operator,
      args: { id },
      resolve: async (_root, args, context) => {
        const accountId = decodeId("Account", args.id);
        await context.accounts.resume(accountId);
        return read(context, accountId);
      },
    }),
    setAccountLimits: t.field({
      type: ChangeAccountResult,
      description:
        "Replaces the rate limits of the account's keys. They hold instead of those of everyone, and may be higher.",
      authScopes: operator,
      args: {
        id,
        limits: t.arg({
          type: ApiKeyLimitsInput,
          required: true,
          description: "The limits of each of its keys; what is absent is as for everyone.",
        }),
      },
      resolve: async (_root, args, context) => {
        const accountId = decodeId("Account", args.id);
        await context.accounts.setLimits(accountId, checkLimits(args.limits));
        return read(context, accountId);
      },
    }),
    deleteAccount: t.field({
      type: DeleteAccountResult,
      description:
        "Suspends an account and deletes everything of it, in small steps; `accountDeletion` says how far that is. It " +
        "cannot be taken back.",
      authScopes: operator,
      args: {
        id,
        name: t.arg.string({
          required: true,
          description: "The account's name, so that it is the right one.",
        }),
      },
      resolve: async (_root, args, context) => {
        const accountId = decodeId("Account", args.id);
        const account = await read(context, accountId);
        if (account.name !== args.name)
          throw new InvalidInputError("name", "The account has another name. Give both of the same account.");
        await context.accounts.delete(accountId);
        return context.database.prisma.accountDeletion.findUniqueOrThrow({ where: { accountId } });
      },
    }),
  };
});
