import { jsonReply, type WireAnswer } from "../../wire/exchange.ts";
import { brokenJson } from "../../wire/laravel.ts";
import type { Fault } from "./vendor.ts";

/** What Laravel says before a vendor's own code has run. */
export const faults: Readonly<Record<Fault, WireAnswer>> = {
  tooLarge: jsonReply(413, { message: "Content Too Large" }),
  unreadable: brokenJson,
  internal: jsonReply(500, { message: "Server Error" }),
};
