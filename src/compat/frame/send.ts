import type { Viewer } from "../../access/api-keys.ts";
import { DomainError } from "../../lib/errors.ts";
import type { SendInput } from "../../messages/accept/send-input.ts";
import { readVendorIds } from "../known/messages.ts";
import type { CompatServices } from "./services.ts";

/** A message that was accepted, with what its API knows it by; or why it was not. */
export type Sent =
  | {
      kind: "accepted";
      messageId: string;
      vendorId: string;
      groupId: string | null;
      isRepeated: boolean;
      /** Undefined for one that was accepted before. */
      segments: number | undefined;
    }
  | { kind: "refused"; error: DomainError };

/** Accepts messages as GraphQL does. One result for each input, in the order given. */
export async function sendAll(
  { sender, database }: CompatServices,
  { accountId, restrictions }: Viewer,
  inputs: readonly (SendInput | DomainError)[],
): Promise<Sent[]> {
  const valid = inputs.filter((input): input is SendInput => !(input instanceof DomainError));
  const results = await sender.send(accountId, valid, restrictions);
  const repeated = results.flatMap((result) =>
    "error" in result || result.message ? [] : [result.messageId],
  );
  const earlier = await readVendorIds(database, repeated);
  const outcomes = results.map((result, index): Sent => {
    if ("error" in result) return { kind: "refused", error: result.error };
    const { messageId } = result;
    const { vendorId = messageId, groupId = null } = result.message
      ? (valid[index]?.served ?? {})
      : (earlier.get(messageId) ?? {});
    const { segments } = result.message ?? {};
    return { kind: "accepted", messageId, vendorId, groupId, isRepeated: !result.message, segments };
  });
  const rest = outcomes.values();
  return inputs.map((input) =>
    input instanceof DomainError ? { kind: "refused", error: input } : (rest.next().value as Sent),
  );
}

/** A complete number may lack its plus. */
export const international = (number: string): string =>
  /^[1-9]\d{6,17}$/.test(number) ? `+${number}` : number;

export const digitsOf = (number: string): string => number.replace(/^\+/, "");
