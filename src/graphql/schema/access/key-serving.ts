import { checkHandling } from "../../../access/grants.ts";
import { setKeyServing } from "../../../access/key-serving.ts";
import { InvalidInputError, NotFoundError } from "../../../lib/errors.ts";
import { decodeId } from "../../../lib/global-id.ts";
import { callerOf } from "../../context.ts";
import { builder } from "../builder.ts";
import { ApiKey } from "./api-keys.ts";

const SetApiKeyServingResult = builder.errorUnion("SetApiKeyServingResult", {
  description: "The key as it is served now, or why it was not changed.",
  types: [ApiKey, InvalidInputError, NotFoundError],
});

builder.mutationField("setApiKeyServing", (t) =>
  t.field({
    type: SetApiKeyServingResult,
    description:
      "Replaces what a key means to the served APIs of other vendors. Every process goes by it within a second; messages that " +
      "were accepted before keep their address.",
    authScopes: { KEYS: true },
    args: {
      id: t.arg.id({ required: true, description: "Global id of the key." }),
      callbackUrl: t.arg.string({
        description:
          "Where receipts are posted of messages that name no address of their own; absent: nowhere.",
      }),
      allowsGet: t.arg.boolean({
        required: true,
        defaultValue: false,
        description: "Whether the served API of Telekom SK takes its requests by GET.",
      }),
    },
    resolve: async (_root, { id, callbackUrl, allowsGet }, { database, webhooks, ...context }) => {
      const keyId = decodeId("ApiKey", id);
      const viewer = callerOf(context);
      await checkHandling(database, viewer, keyId);
      const url = callbackUrl == null ? null : await webhooks.checkUrl(callbackUrl);
      await setKeyServing(database, { accountId: viewer.accountId, keyId }, { callbackUrl: url, allowsGet });
      return ApiKey.addBrand(await database.prisma.apiKey.findUniqueOrThrow({ where: { id: keyId } }));
    },
  }),
);
