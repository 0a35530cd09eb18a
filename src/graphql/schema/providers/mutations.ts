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
  description: "The provider after the change, or why it was not changed.",
  types: [Provider, InvalidInputError, NotFoundError],
});

const RotateCallbackSecretResult = builder.errorUnion("RotateCallbackSecretResult", {
  description: "The provider with its new callback URL, or why it was not changed.",
  types: [Provider, InvalidInputError, NotFoundError],
});

const DisconnectProviderResult = builder.errorUnion("DisconnectProviderResult", {
  description: "The disconnected provider, or why it was not disconnected.",
  types: [Provider, InvalidInputError, NotFoundError],
});

const ProviderCheckRef = builder.objectRef<ProviderCheck>("ProviderCheck").implement({
  description: "The result of checking a provider account. No message is sent.",
  isTypeOf: (value) => typeof value === "object" && value !== null && "reachable" in value,
  fields: (t) => ({
    reachable: t.exposeBoolean("reachable", { description: "Whether it answered." }),
    authenticated: t.exposeBoolean("authenticated", { description: "Whether it accepted the credentials." }),
    latencyMilliseconds: t.exposeInt("latencyMilliseconds", {
      description: "How long it took, in milliseconds.",
    }),
    detail: t.exposeString("detail", { description: "The result in words." }),
  }),
});

const CheckProviderResult = builder.errorUnion("CheckProviderResult", {
  description: "The result of the check, or why it was not made.",
  types: [ProviderCheckRef, InvalidInputError, NotFoundError],
});

builder.mutationFields((t) => ({
  connectProvider: t.field({
    type: ConnectProviderResult,
    description:
      "Connects an account at a provider. Credentials are stored encrypted. Use `checkProvider` to test them.",
    authScopes: { PROVIDERS: true },
    args: { input: t.arg({ type: ConnectProviderInput, required: true, description: "The account." }) },
    resolve: async (_root, { input }, context) => {
      const { kind, connection } = chosenConnection(input);
      return Provider.addBrand(await context.connector.connect(accountOf(context), kind, connection));
    },
  }),
  updateProvider: t.field({
    type: UpdateProviderResult,
    description: "Changes a connected provider.",
    authScopes: { PROVIDERS: true },
    args: { input: t.arg({ type: UpdateProviderInput, required: true, description: "What to change." }) },
    resolve: async (_root, { input: { id, ...changes } }, context) => {
      const providerId = decodeId("Provider", id);
      return Provider.addBrand(await context.connector.update(accountOf(context), providerId, changes));
    },
  }),
  rotateCallbackSecret: t.field({
    type: RotateCallbackSecretResult,
    description:
      "Gives a provider a new callback URL. Earlier URLs still accept receipts for a while, because submitted messages " +
      "and settings at the provider still use them.",
    authScopes: { PROVIDERS: true },
    args: {
      id: t.arg.id({ required: true, description: "Global id of the provider." }),
      overlapHours: t.arg.int({
        required: true,
        defaultValue: 96,
        description:
          "After how many hours all earlier URLs stop working, 0 to 720. Use 0 if a URL has leaked. Absent: as long as " +
          "receipts may arrive.",
      }),
    },
    resolve: async (_root, { id, overlapHours }, context) => {
      const providerId = decodeId("Provider", id);
      const account = accountOf(context);
      return Provider.addBrand(
        await context.connector.rotateCallbackSecret(account, providerId, overlapHours),
      );
    },
  }),
  disconnectProvider: t.field({
    type: DisconnectProviderResult,
    description: "Disconnects an account. Its messages are kept; its callback URL stops working at once.",
    authScopes: { PROVIDERS: true },
    args: { id: t.arg.id({ required: true, description: "Global id of the provider." }) },
    resolve: async (_root, { id }, context) => {
      const providerId = decodeId("Provider", id);
      return Provider.addBrand(await context.connector.disconnect(accountOf(context), providerId));
    },
  }),
  checkProvider: t.field({
    type: CheckProviderResult,
    description:
      "Checks that a provider can be reached and accepts the credentials, without sending a message.",
    authScopes: { PROVIDERS: true },
    args: { id: t.arg.id({ required: true, description: "Global id of the provider." }) },
    resolve: async (_root, { id }, context) => {
      const providerId = decodeId("Provider", id);
      const connection = await context.connector.find(accountOf(context), providerId);
      return checkConnection(context, connection);
    },
  }),
}));
