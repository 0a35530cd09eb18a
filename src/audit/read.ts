import type { Prisma } from "../database/generated/client.ts";
import type { NodeType } from "../lib/node-type.ts";
import type { AuditAction } from "./actions.ts";

/** Which entries of an account to read; what is absent does not restrict. */
export interface AuditFilter {
  actions?: readonly AuditAction[] | undefined;
  keyId?: string | undefined;
  target?: { type: NodeType; id: string } | undefined;
  since?: Date | undefined;
  until?: Date | undefined;
}

/** The condition of a filter. */
export const auditWhere = (
  accountId: string,
  { actions, keyId, target, since, until }: AuditFilter,
): Prisma.AuditEntryWhereInput => ({
  accountId,
  ...(actions && { action: { in: [...actions] } }),
  ...(keyId !== undefined && { keyId }),
  ...(target && { targetType: target.type, targetId: target.id }),
  ...((since ?? until) && { at: { ...(since && { gte: since }), ...(until && { lt: until }) } }),
});
