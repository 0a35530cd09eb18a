import { InvalidIdError } from "./errors.ts";
import { nodeNames, type NodeType } from "./node-type.ts";
import { isUuid } from "./uuid.ts";

/** A global id: the type and the local id, in base64. */
export const encodeId = (type: NodeType, id: string): string => btoa(`${type}:${id}`);

/**
 * The type and local id inside a global id.
 * @throws InvalidIdError when it is not one of ours
 */
export function decodeAnyId(globalId: string, field: string): { type: NodeType; id: string } {
  const bytes = Buffer.from(globalId, "base64");
  const text = bytes.toString("latin1");
  const [type = ""] = text.split(":", 1);
  // Not a part of the text, which would keep the whole text in memory.
  const id = bytes.toString("latin1", type.length + 1);
  const isLocal = type === "MessageEvent" ? /^\d{1,18}\.\d{1,18}$/.test(id) : isUuid(id);
  if (Object.hasOwn(nodeNames, type) && isLocal && text === `${type}:${id}`)
    return { type: type as NodeType, id };
  const shown = globalId.length > 60 ? `${globalId.slice(0, 60)}…` : globalId;
  throw new InvalidIdError(
    field,
    `\`${field}\`: "${shown}" is not an id of ours. Use one exactly as an answer gave it.`,
  );
}

/**
 * The local id inside a global id of `type`.
 * @throws InvalidIdError when it is not one of ours, or of another type
 */
export function decodeId(type: NodeType, globalId: string, field = "id"): string {
  const decoded = decodeAnyId(globalId, field);
  if (decoded.type === type) return decoded.id;
  throw new InvalidIdError(field, `\`${field}\` is the id of a ${decoded.type}; here a ${type} is meant.`);
}
