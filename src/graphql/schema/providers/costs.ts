import type { Message as MessageRow } from "../../../database/generated/client.ts";
import { isUuid } from "../../../lib/uuid.ts";
import { listCostDifferences } from "../../../pricing/rates/cost-differences.ts";
import { subtract } from "../../../lib/money.ts";
import { builder } from "../builder.ts";
import { Message } from "../messages/message.ts";
import { Money, money, type MoneyShape } from "../money.ts";
import { paginate, type Keyset } from "../page.ts";
import { Provider } from "./provider.ts";
import { plainDecimal } from "../scalars.ts";

interface Difference {
  message: MessageRow;
  estimated: MoneyShape;
  charged: MoneyShape;
}

const CostDifference = builder.objectRef<Difference>("CostDifference").implement({
  description: "A message whose charge differs from its estimate.",
  fields: (t) => ({
    message: t.field({ type: Message, description: "The message.", resolve: ({ message }) => message }),
    estimated: t.field({
      type: Money,
      description: "The estimate, by the rate valid when it was accepted.",
      resolve: ({ estimated }) => estimated,
    }),
    charged: t.field({
      type: Money,
      description: "What the provider charged; for a long message, for the parts reported so far.",
      resolve: ({ charged }) => charged,
    }),
    difference: t.field({
      type: Money,
      nullable: true,
      description: "Charge minus estimate; null when the currencies differ.",
      resolve: ({ estimated, charged }) => {
        if (estimated.currency !== charged.currency) return null;
        const amount = subtract(plainDecimal(charged.amount), plainDecimal(estimated.amount));
        return { amount, currency: charged.currency };
      },
    }),
  }),
});

const byMessage: Keyset<Difference, string> = {
  keyOf: ({ message }) => message.id,
  write: (id) => id,
  read: (text) => (isUuid(text) ? text : undefined),
};

function toDifference(message: MessageRow): Difference[] {
  const estimated = money(message.estimatedCost, message.estimatedCurrency);
  const charged = money(message.cost, message.costCurrency);
  return estimated && charged ? [{ message, estimated, charged }] : [];
}

builder.prismaObjectField(Provider, "costDifferences", (t) =>
  t.connection(
    {
      type: CostDifference,
      description: "Messages whose charge differs from the estimate, newest first.",
      select: { id: true },
      resolve: ({ id: providerId }, args, { database }) =>
        paginate(args, byMessage, async (range) => {
          const ids = await listCostDifferences(database, providerId, range);
          const messages = await database.prisma.message.findMany({ where: { id: { in: ids } } });
          const byId = new Map(messages.map((message) => [message.id, message]));
          return ids.flatMap((id) => toDifference(byId.get(id) as MessageRow));
        }),
    },
    {
      name: "CostDifferenceConnection",
      description: "A page of messages whose charge differs from the estimate.",
    },
    { name: "CostDifferenceEdge", description: "A cost difference and its position in the list." },
  ),
);
