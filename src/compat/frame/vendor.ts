import type { WireAnswer } from "../../wire/exchange.ts";
import type { DomainError } from "../../lib/errors.ts";
import type { ServedApi } from "../../messages/accept/send-input.ts";
import type { ServedCall } from "./call.ts";

/** What goes back: a text, or one that is made while it is sent. */
export interface ServedAnswer extends Omit<WireAnswer, "body"> {
  body: string | AsyncIterable<string>;
  /** Called once: whether the client has the whole answer. */
  settle?: (isSent: boolean) => Promise<void>;
}

/** Reasons for which a request fails before anybody has looked at what it asks for. */
export type Fault = "tooLarge" | "unreadable" | "internal";

/** One vendor's API, as it is served. */
export interface ServedVendor {
  api: ServedApi;
  /** @throws DomainError, UnreadableBody */
  serve(call: ServedCall): Promise<ServedAnswer>;
  /** The error in the vendor's words. */
  refuse(error: DomainError, call: ServedCall): WireAnswer;
  fail(fault: Fault, call: ServedCall): WireAnswer;
}
