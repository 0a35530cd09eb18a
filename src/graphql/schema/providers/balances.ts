import { refreshBalance } from "../../../connections/refresh-balance.ts";
import {
  InvalidInputError,
  NotFoundError,
  ProviderUnavailableError,
  UnsupportedFeatureError,
} from "../../../lib/errors.ts";
import { builder } from "../builder.ts";
import { accountOf } from "../../context.ts";
import { decodeId } from "../../../lib/global-id.ts";
import { Balance } from "../pricing/pricing.ts";

const RefreshBalanceResult = builder.errorUnion("RefreshBalanceResult", {
  description: "The balance now, or why it could not be fetched.",
  types: [Balance, InvalidInputError, NotFoundError, UnsupportedFeatureError, ProviderUnavailableError],
});

builder.queryField("balances", (t) =>
  t.field({
    type: [Balance],
    description: "The newest known balance of each provider that reports one.",
    authScopes: { READ: true, BILLING: true },
    resolve: (_root, _args, context) => context.balances.newest(accountOf(context)),
  }),
);

builder.mutationField("refreshBalance", (t) =>
  t.field({
    type: RefreshBalanceResult,
    description: "Fetches a provider's balance now. This also happens every ten minutes.",
    authScopes: { BILLING: true },
    args: { providerId: t.arg.id({ required: true, description: "Global id of the provider." }) },
    resolve: async (_root, args, context) => {
      const providerId = decodeId("Provider", args.providerId, "providerId");
      const connection = await context.connector.find(accountOf(context), providerId);
      if (!connection.adapter.capabilities.balance) {
        throw new UnsupportedFeatureError("refreshBalance", connection.row.name, "It tells no balance.");
      }
      const reply = await refreshBalance(context, connection);
      if (reply.ok) return Balance.addBrand(reply.value);
      throw new ProviderUnavailableError(connection.row.name, reply.problem.detail);
    },
  }),
);

builder.subscriptionField("balanceChanged", (t) =>
  t.field({
    type: Balance,
    description: "The newest balance of each provider at once, then every newer one.",
    authScopes: { READ: true, BILLING: true },
    args: { providerId: t.arg.id({ description: "Only this provider; absent: all." }) },
    subscribe: async (_root, args, context) => {
      const accountId = accountOf(context);
      const providerId =
        args.providerId == null ? undefined : decodeId("Provider", args.providerId, "providerId");
      if (providerId !== undefined) await context.connector.find(accountId, providerId);
      return context.streams.open((signal) => context.balances.watch({ accountId, providerId }, signal));
    },
    resolve: (balance) => balance,
  }),
);
