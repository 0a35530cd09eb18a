import { DomainError, InvalidInputError } from "../../../lib/errors.ts";
import { decodeId } from "../../../lib/global-id.ts";
import type { NodeType } from "../../../lib/node-type.ts";
import { requireStorable } from "../../../lib/storable.ts";
import { canonicalId, isUuid } from "../../../lib/uuid.ts";
import type { MessageSearch, SearchKeys } from "../../../messages/log/message-search.ts";
import { parseRecipient } from "../../../sms/phone.ts";

interface Sought {
  to?: string | null | undefined;
  clientRef?: string | null | undefined;
  providerMessageId?: string | null | undefined;
  search?: string | null | undefined;
}

/** The keys in a filter; undefined when it has none. @throws InvalidInputError, InvalidPhoneNumberError */
export function searchedFor(filter: Sought): Pick<MessageSearch, "keys" | "matches"> | undefined {
  const { to, clientRef, providerMessageId, search } = filter;
  const keys: SearchKeys = {
    ...(to != null && { recipient: parseRecipient(to).to }),
    ...(clientRef != null && { clientRef: requireStorable(clientRef, "filter.clientRef") }),
    ...(providerMessageId != null && {
      providerMessageId: canonicalId(requireStorable(providerMessageId, "filter.providerMessageId")),
    }),
  };
  const isExact = Object.keys(keys).length > 0;
  if (search == null) return isExact ? { keys, matches: "all" } : undefined;
  if (isExact)
    throw new InvalidInputError(
      "filter.search",
      "Give `search` alone, or leave it out: `to`, `clientRef` and `providerMessageId` already say what is sought.",
    );
  return { keys: guesses(requireStorable(search.trim(), "filter.search")), matches: "any" };
}

/** What a text may be. */
function guesses(text: string): SearchKeys {
  const lowerCase = text.toLowerCase();
  const id = isUuid(lowerCase) ? lowerCase : orUndefined(() => decodeId("Message", text));
  return {
    clientRef: text,
    providerMessageId: canonicalId(text),
    recipient: orUndefined(() => parseRecipient(text).to),
    ...(id !== undefined && { id }),
  };
}

function orUndefined<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof DomainError) return undefined;
    throw error;
  }
}

export const idOf = (type: NodeType, id: string | null | undefined, field: string): string | undefined =>
  id == null ? undefined : decodeId(type, id, field);
