import type { SendRestrictions } from "../../../lib/send-restrictions.ts";
import { decodeId, encodeId } from "../../../lib/global-id.ts";
import { maxRestrictions } from "../../../access/key-restrictions.ts";
import { builder } from "../builder.ts";

export const KeyRestrictions = builder.objectRef<SendRestrictions>("KeyRestrictions").implement({
  description:
    "What a key may send through, as and to; null restricts nothing. What it reads is not restricted.",
  fields: (t) => ({
    providerIds: t.idList({
      nullable: true,
      description: "Global ids of the only providers that its messages may go through.",
      resolve: ({ providerIds }) => providerIds?.map((id) => encodeId("Provider", id)) ?? null,
    }),
    senders: t.stringList({
      nullable: true,
      description: "The only senders.",
      resolve: ({ senders }) => senders && [...senders],
    }),
    countries: t.stringList({
      nullable: true,
      description: "The only countries of recipients, ISO 3166-1 alpha-2.",
      resolve: ({ countries }) => countries && [...countries],
    }),
  }),
});

const list = `1 to ${maxRestrictions}; absent: all.`;

export const KeyRestrictionsInput = builder.inputType("KeyRestrictionsInput", {
  description: "What a key may send through, as and to. It holds for messages, campaigns and quotes.",
  fields: (t) => ({
    providerIds: t.idList({
      description: `Global ids of the only providers that its messages may go through, ${list}`,
    }),
    senders: t.stringList({
      description: `The only senders, exactly as \`from\` has them, ${list} With a single one, \`from\` may be left out.`,
    }),
    countries: t.stringList({
      description: `The only countries of recipients, such as SK, ${list}`,
    }),
  }),
});

/** With local ids. @throws InvalidIdError */
export const toRestrictions = ({ providerIds, ...more }: typeof KeyRestrictionsInput.$inferInput) => ({
  ...more,
  providerIds: providerIds?.map((id) => decodeId("Provider", id, "restrictions.providerIds")),
});
