import { scopes, type Viewer } from "../../../access/api-keys.ts";
import { UnauthenticatedError } from "../../../lib/errors.ts";
import { builder } from "../builder.ts";

const descriptions = {
  READ: "Read all data of the account, and watch it live.",
  SEND: "Send and cancel messages.",
  ADMIN:
    "Connect, change and disconnect providers; see their callback URLs; set rates, routing policies and spending limits; create and revoke API keys; manage webhooks.",
} as const satisfies Record<(typeof scopes)[number], string>;

export const ApiScope = builder.enumType("ApiScope", {
  description: "What an API key may do. The scopes are independent of each other.",
  values: Object.fromEntries(scopes.map((scope) => [scope, { description: descriptions[scope] }])) as Record<
    (typeof scopes)[number],
    { description: string }
  >,
});

const ViewerRef = builder.objectRef<Viewer>("Viewer").implement({
  description: "Who is calling: the account and the API key.",
  fields: (t) => ({
    accountName: t.exposeString("accountName", { description: "Name of the account." }),
    keyName: t.exposeString("keyName", { description: "Name of the API key." }),
    scopes: t.field({
      type: [ApiScope],
      description: "What the key may do.",
      resolve: ({ scopes: granted }) => [...granted],
    }),
  }),
});

builder.queryField("viewer", (t) =>
  t.field({
    type: ViewerRef,
    description: "Who is calling.",
    resolve: (_root, _args, { viewer }) => {
      if (viewer) return viewer;
      throw new UnauthenticatedError("Send an API key: `Authorization: Bearer <key>`.");
    },
  }),
);
