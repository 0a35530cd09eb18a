import type { IgnoredReason } from "../../gql/graphql.ts";

/** Why a receipt changed nothing. */
export const ignoredReasons: Readonly<Record<IgnoredReason, string>> = {
  ALREADY_FINAL: "the message already had another final status",
  AWAITING_PARTS: "other parts of the message are outstanding",
  DUPLICATE: "the message already had this status",
  LATE: "the message already had a later status",
  OTHER_ATTEMPT: "it is about an earlier attempt with another provider",
};
