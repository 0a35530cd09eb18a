import type { StreamedEntry } from "./feed.ts";
import type { AuditEntry } from "../database/generated/client.ts";
import { encodeId } from "../lib/global-id.ts";
import { nodeNames, type NodeType } from "../lib/node-type.ts";

/** An entry as the API answers it. */
export const shownEntry = (entry: Omit<StreamedEntry, "tx" | "id">) => ({
  id: encodeId("AuditEntry", entry.entryId),
  at: entry.at,
  action: entry.action,
  actor: {
    kind: entry.actor,
    keyId: entry.keyId && encodeId("ApiKey", entry.keyId),
    keyName: entry.keyName,
    keyPrefix: entry.keyPrefix,
    command: entry.command,
    address: entry.address,
  },
  targetId: targetOf(entry),
  before: shownValues(entry.before),
  after: shownValues(entry.after),
});

/** The global id of what was changed; null for what an account has only one of. */
export const targetOf = ({
  targetType,
  targetId,
}: Pick<AuditEntry, "targetType" | "targetId">): string | null =>
  targetType === null || targetId === null || !isNodeType(targetType) ? null : encodeId(targetType, targetId);

const isNodeType = (text: string): text is NodeType => Object.hasOwn(nodeNames, text);

const idNames: Readonly<Record<string, NodeType>> = {
  providerId: "Provider",
  messageId: "Message",
  campaignId: "Campaign",
  successorId: "ApiKey",
};

/** Recorded values as the API shows them: ids are global. */
export function shownValues(values: unknown): unknown {
  if (Array.isArray(values)) return values.map(shownValues);
  if (typeof values !== "object" || values === null) return values;
  return Object.fromEntries(
    Object.entries(values).map(([name, value]: [string, unknown]) => {
      const type = Object.hasOwn(idNames, name) ? idNames[name] : undefined;
      if (type && typeof value === "string") return [name, encodeId(type, value)];
      if (name === "providerIds" && Array.isArray(value))
        return [name, value.map((id) => encodeId("Provider", String(id)))];
      return [name, shownValues(value)];
    }),
  );
}
