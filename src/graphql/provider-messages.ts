import { queryFromInfo } from "@pothos/plugin-prisma";
import { builder } from "./builder.ts";
import { MessageConnection } from "./message-queries.ts";
import { Message } from "./message.ts";
import { paginateById } from "./page.ts";
import { Provider } from "./provider.ts";

builder.prismaObjectField(Provider, "messages", (t) =>
  t.connection(
    {
      type: Message,
      description: "Messages it carries, newest first.",
      select: { id: true, accountId: true },
      resolve: ({ id: providerId, accountId }, args, context, info) => {
        const query = queryFromInfo({ context, info, path: ["edges", "node"] });
        return paginateById(args, ({ where: id, orderBy, take }) =>
          context.database.prisma.message.findMany({
            ...query,
            where: { accountId, providerId, id },
            orderBy: { id: orderBy },
            take,
          }),
        );
      },
    },
    MessageConnection,
  ),
);
