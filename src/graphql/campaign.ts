import { builder } from "./builder.ts";
import { accountOf } from "./context.ts";

builder.prismaNode("Campaign", {
  description: "One text to many recipients.",
  id: { field: "id", description: "Global id." },
  nullable: true,
  findUnique: (id, context) => ({ id, accountId: accountOf(context) }),
  fields: (t) => ({
    name: t.exposeString("name", { description: "Your name for it." }),
    createdAt: t.expose("createdAt", { type: "DateTime", description: "When it was created." }),
  }),
});
