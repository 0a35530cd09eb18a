import type { ProviderRejection } from "../../../lib/errors.ts";
import { builder } from "../builder.ts";
import { encodeId } from "../../../lib/global-id.ts";

export const ProviderRejectionRef = builder.objectRef<ProviderRejection>("ProviderRejection").implement({
  description: "A provider that was not chosen for a message, and why.",
  fields: (t) => ({
    providerId: t.id({
      description: "Global id of the provider.",
      resolve: ({ providerId }) => encodeId("Provider", providerId),
    }),
    providerName: t.exposeString("name", { description: "Its name." }),
    code: t.exposeString("code", {
      description:
        "A word for programs. The provider cannot be used: DISABLED, NOT_IN_POLICY, NOT_FOR_KEY, UNSUPPORTED_FEATURE, TEXT_TOO_LONG, " +
        "INVALID_VALIDITY, SENDER_NOT_ALLOWED, ALREADY_TRIED. Another provider is better: NO_CREDIT, UNHEALTHY, NO_RATE, " +
        "LOWER_PRIORITY, OTHER_SHARE, OTHER_CURRENCY, DEARER, EQUAL.",
    }),
    reason: t.exposeString("reason", { description: "The reason, for people." }),
  }),
});
