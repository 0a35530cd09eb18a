import { checkHandling } from "../../../access/grants.ts";
import { checkRestrictions, checkWithin, setKeyRestrictions } from "../../../access/key-restrictions.ts";
import { InvalidInputError, LastAdminKeyError, NotFoundError } from "../../../lib/errors.ts";
import { decodeId } from "../../../lib/global-id.ts";
import { callerOf } from "../../context.ts";
import { builder } from "../builder.ts";
import { ApiKey } from "./api-keys.ts";
import { KeyRestrictionsInput, toRestrictions } from "./restrictions.ts";

const SetApiKeyRestrictionsResult = builder.errorUnion("SetApiKeyRestrictionsResult", {
  description: "The key with its restrictions, or why they were not set.",
  types: [ApiKey, InvalidInputError, NotFoundError, LastAdminKeyError],
});

builder.mutationField("setApiKeyRestrictions", (t) =>
  t.field({
    type: SetApiKeyRestrictionsResult,
    description:
      "Replaces what a key may send through, as and to. Every process goes by it within a second; what was accepted before is " +
      "sent. The account's last ADMIN key without an expiry, addresses or restrictions cannot be restricted: it could no " +
      "longer manage the others.",
    authScopes: { KEYS: true },
    args: {
      id: t.arg.id({ required: true, description: "Global id of the key." }),
      restrictions: t.arg({
        type: KeyRestrictionsInput,
        required: true,
        description: "Its restrictions, all of them.",
      }),
    },
    resolve: async (_root, args, { database, ...context }) => {
      const keyId = decodeId("ApiKey", args.id);
      const viewer = callerOf(context);
      const { accountId, keyId: byKeyId } = viewer;
      await checkHandling(database, viewer, keyId);
      const restrictions = await checkRestrictions(database, accountId, toRestrictions(args.restrictions));
      checkWithin(viewer, restrictions);
      await setKeyRestrictions(database, { accountId, keyId, byKeyId }, restrictions);
      return ApiKey.addBrand(await database.prisma.apiKey.findUniqueOrThrow({ where: { id: keyId } }));
    },
  }),
);
