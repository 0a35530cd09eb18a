import type { MessageFailure as KnownFailure } from "../../../providers/provider.ts";
import { builder } from "../builder.ts";

/** As stored: the code may come from another version of smsgraph. */
type Failure = Omit<KnownFailure, "code"> & { code: string };

export const MessageFailure = builder.objectRef<Failure>("MessageFailure").implement({
  description: "Why a message did not arrive.",
  fields: (t) => ({
    code: t.exposeString("code", {
      description: "A stable word for programs, such as `no_rate`. All of them are listed in docs/errors.md.",
    }),
    text: t.exposeString("text", {
      description: "A text for people, in the provider's words if it gave any.",
    }),
    permanent: t.exposeBoolean("permanent", {
      description: "True when sending the same message again cannot help; false when it might.",
    }),
  }),
});

interface FailureColumns {
  failureCode: string | null;
  failureText: string | null;
  failurePermanent: boolean | null;
}

export const failureOf = ({ failureCode, failureText, failurePermanent }: FailureColumns): Failure | null =>
  failureCode === null
    ? null
    : { code: failureCode, text: failureText ?? failureCode, permanent: failurePermanent ?? false };
