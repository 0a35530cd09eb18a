import { NotFoundError } from "../../../lib/errors.ts";
import { builder } from "../builder.ts";
import { accountOf, type Context } from "../../context.ts";
import { decodeId } from "../../../lib/global-id.ts";
import { Provider } from "./provider.ts";

builder.subscriptionField("providerChanged", (t) =>
  t.field({
    type: Provider,
    description:
      "The present state of each provider at once, then after every change of the connection, the breaker, the last error or " +
      "the balance. Changes of the queue length are sent at most once a second.",
    authScopes: { READ: true },
    args: { id: t.arg.id({ description: "Only this provider; absent: all." }) },
    subscribe: async (_root, { id }, context) => {
      const accountId = accountOf(context);
      const providerId = id == null ? undefined : decodeId("Provider", id);
      if (providerId !== undefined && !(await hasProvider(context, accountId, providerId))) {
        // A stream about a provider that the account does not have would stay silent forever.
        throw new NotFoundError("Provider", providerId);
      }
      return context.streams.open((signal) => context.providers.watch({ accountId, providerId }, signal));
    },
    resolve: (provider) => provider,
  }),
);

const hasProvider = async ({ database }: Context, accountId: string, id: string): Promise<boolean> =>
  (await database.prisma.provider.count({ where: { id, accountId } })) > 0;
