import { checkConnection, type ProviderCheck } from "../connections/check.ts";
import type { ConnectInput } from "../connections/connect.ts";
import { builder } from "./builder.ts";
import { accountOf } from "./context.ts";
import { InvalidInput, NotFound } from "./errors.ts";
import { decodeId } from "./ids.ts";
import { Provider } from "./provider.ts";

const TikosmsConnectionInput = builder.inputType("TikosmsConnectionInput", {
  description: "A TikoSMS account.",
  fields: (t) => ({
    name: t.string({ required: true, description: "Your name for it, 1 to 100 characters." }),
    apiToken: t.string({
      required: true,
      description: "API token from the TikoSMS profile. Stored encrypted, never shown.",
    }),
    baseUrl: t.string({
      description:
        "Absent: the documented https://api.tikosms.com. A path (`/api/v1`) is used exactly as given.",
    }),
    priority: t.int({ description: "The lower is preferred; absent: 100." }),
    timeZone: t.string({ description: "IANA zone in which its zone-less times are read; absent: UTC." }),
    defaultSender: t.string({ description: "The sender of messages that name none." }),
  }),
});

const ConnectProviderInput = builder.inputType("ConnectProviderInput", {
  description: "The account to connect: exactly one of the fields.",
  isOneOf: true,
  fields: (t) => ({ tikosms: t.field({ type: TikosmsConnectionInput, description: "A TikoSMS account." }) }),
});

const UpdateProviderInput = builder.inputType("UpdateProviderInput", {
  description: "What to change of a connected provider; what is absent stays.",
  fields: (t) => ({
    id: t.id({ required: true, description: "Global id of the provider." }),
    name: t.string({ description: "Your name for it." }),
    enabled: t.boolean({
      description: "Whether messages are sent through it; a disabled one keeps them queued.",
    }),
    priority: t.int({ description: "The lower is preferred." }),
    defaultSender: t.string({ description: "The sender of messages that name none; null removes it." }),
    timeZone: t.string({ description: "IANA zone in which its zone-less times are read." }),
    baseUrl: t.string({ description: "Where its API is." }),
    apiToken: t.string({ description: "TikoSMS: a new API token." }),
  }),
});

const ConnectProviderResult = builder.errorUnion("ConnectProviderResult", {
  description: "The connected provider, or why it was not connected.",
  types: [Provider, InvalidInput],
});

const UpdateProviderResult = builder.errorUnion("UpdateProviderResult", {
  description: "The provider as it is now, or why it was not changed.",
  types: [Provider, InvalidInput, NotFound],
});

const DisconnectProviderResult = builder.errorUnion("DisconnectProviderResult", {
  description: "The provider that was disconnected, or why it was not.",
  types: [Provider, InvalidInput, NotFound],
});

const ProviderCheckRef = builder.objectRef<ProviderCheck>("ProviderCheck").implement({
  description: "What asking a provider about its account showed. Nothing was sent.",
  fields: (t) => ({
    reachable: t.exposeBoolean("reachable", { description: "Whether it answered." }),
    authenticated: t.exposeBoolean("authenticated", { description: "Whether it took the credentials." }),
    latencyMilliseconds: t.exposeInt("latencyMilliseconds", {
      description: "How long it took, in milliseconds.",
    }),
    detail: t.exposeString("detail", { description: "What it said, in plain words." }),
  }),
});

const CheckProviderResult = builder.errorUnion("CheckProviderResult", {
  description: "What the check showed, or why there was none.",
  types: [ProviderCheckRef, InvalidInput, NotFound],
});

builder.mutationFields((t) => ({
  connectProvider: t.field({
    type: ConnectProviderResult,
    description:
      "Connects an account at a provider. Credentials are stored encrypted; `checkProvider` proves them.",
    authScopes: { ADMIN: true },
    args: { input: t.arg({ type: ConnectProviderInput, required: true, description: "The account." }) },
    resolve: async (_root, { input: { tikosms } }, context) => {
      const { apiToken, ...common } = tikosms;
      const input: ConnectInput = { ...common, own: { apiToken } };
      return Provider.addBrand(await context.connector.connect(accountOf(context), "TIKOSMS", input));
    },
  }),
  updateProvider: t.field({
    type: UpdateProviderResult,
    description: "Changes a connected provider.",
    authScopes: { ADMIN: true },
    args: { input: t.arg({ type: UpdateProviderInput, required: true, description: "What to change." }) },
    resolve: async (_root, { input: { id, apiToken, ...changes } }, context) => {
      const providerId = decodeId("Provider", id);
      const input = { ...changes, own: { apiToken } };
      return Provider.addBrand(await context.connector.update(accountOf(context), providerId, id, input));
    },
  }),
  disconnectProvider: t.field({
    type: DisconnectProviderResult,
    description: "Stops using an account. Its messages stay, and receipts for them are still taken.",
    authScopes: { ADMIN: true },
    args: { id: t.arg.id({ required: true, description: "Global id of the provider." }) },
    resolve: async (_root, { id }, context) => {
      const providerId = decodeId("Provider", id);
      return Provider.addBrand(await context.connector.disconnect(accountOf(context), providerId, id));
    },
  }),
  checkProvider: t.field({
    type: CheckProviderResult,
    description: "Proves that a provider can be reached and takes the credentials, without sending anything.",
    authScopes: { ADMIN: true },
    args: { id: t.arg.id({ required: true, description: "Global id of the provider." }) },
    resolve: async (_root, { id }, context) => {
      const providerId = decodeId("Provider", id);
      const connection = await context.connector.find(accountOf(context), providerId, id);
      return checkConnection(context, connection);
    },
  }),
}));
