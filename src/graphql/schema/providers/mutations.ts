import { checkConnection, type ProviderCheck } from "../../../connections/check.ts";
import { InvalidInputError, NotFoundError, TooManyProvidersError } from "../../../lib/errors.ts";
import { builder } from "../builder.ts";
import { chosenConnection, ConnectProviderInput, UpdateProviderInput } from "./connection-inputs.ts";
import { accountOf } from "../../context.ts";
import { decodeId } from "../../../lib/global-id.ts";
import { Provider } from "./provider.ts";

const ConnectProviderResult = builder.errorUnion("ConnectProviderResult", {
  description: "The connected provider, or why it was not connected.",
  types: [Provider, InvalidInputError, TooManyProvidersError],
});

const UpdateProviderResult = builder.errorUnion("UpdateProviderResult", {
  description: "The provider as it is now, or why it was not changed.",
  types: [Provider, InvalidInputError, NotFoundError],
});

const RotateCallbackSecretResult = builder.errorUnion("RotateCallbackSecretResult", {
  description: "The provider with its new callback URL, or why it has none.",
  types: [Provider, InvalidInputError, NotFoundError],
});

const DisconnectProviderResult = builder.errorUnion("DisconnectProviderResult", {
  description: "The provider that was disconnected, or why it was not.",
  types: [Provider, InvalidInputError, NotFoundError],
});

const ProviderCheckRef = builder.objectRef<ProviderCheck>("ProviderCheck").implement({
  description: "What asking a provider about its account showed. Nothing was sent.",
  isTypeOf: (value) => typeof value === "object" && value !== null && "reachable" in value,
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
  types: [ProviderCheckRef, InvalidInputError, NotFoundError],
});

builder.mutationFields((t) => ({
  connectProvider: t.field({
    type: ConnectProviderResult,
    description:
      "Connects an account at a provider. Credentials are stored encrypted; `checkProvider` proves them.",
    authScopes: { ADMIN: true },
    args: { input: t.arg({ type: ConnectProviderInput, required: true, description: "The account." }) },
    resolve: async (_root, { input }, context) => {
      const { kind, connection } = chosenConnection(input);
      return Provider.addBrand(await context.connector.connect(accountOf(context), kind, connection));
    },
  }),
  updateProvider: t.field({
    type: UpdateProviderResult,
    description: "Changes a connected provider.",
    authScopes: { ADMIN: true },
    args: { input: t.arg({ type: UpdateProviderInput, required: true, description: "What to change." }) },
    resolve: async (_root, { input: { id, ...changes } }, context) => {
      const providerId = decodeId("Provider", id);
      return Provider.addBrand(await context.connector.update(accountOf(context), providerId, id, changes));
    },
  }),
  rotateCallbackSecret: t.field({
    type: RotateCallbackSecretResult,
    description:
      "Gives a provider a new callback URL. Earlier ones still take receipts for a while, since messages that are " +
      "under way and settings at the provider name them.",
    authScopes: { ADMIN: true },
    args: {
      id: t.arg.id({ required: true, description: "Global id of the provider." }),
      overlapHours: t.arg.int({
        required: true,
        defaultValue: 96,
        description:
          "After how many hours all earlier URLs end, 0 to 720; 0 when one is in the wrong hands. As long as " +
          "receipts may come, if not given.",
      }),
    },
    resolve: async (_root, { id, overlapHours }, context) => {
      const providerId = decodeId("Provider", id);
      const account = accountOf(context);
      return Provider.addBrand(
        await context.connector.rotateCallbackSecret(account, providerId, id, overlapHours),
      );
    },
  }),
  disconnectProvider: t.field({
    type: DisconnectProviderResult,
    description: "Stops using an account. Its messages stay; its callback URL ends at once.",
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
