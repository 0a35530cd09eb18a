import type { AuditAction } from "../audit/actions.ts";
import { recordAudit } from "../audit/record.ts";
import type { Prisma, Provider } from "../database/generated/client.ts";
import { inPrisma } from "../database/in-prisma.ts";

/** A provider as the audit log records it, next to the secrets that an entry hides. */
interface Version {
  row: Provider;
  secrets?: object;
}

/** Records a change of a provider in its transaction. */
export async function auditProvider(
  prisma: Prisma.TransactionClient,
  action: AuditAction,
  { before, after }: { before?: Version; after: Version },
): Promise<void> {
  const { id, accountId } = after.row;
  await recordAudit(inPrisma(prisma), {
    accountId,
    action,
    target: { type: "Provider", id },
    before: before && valuesOf(before),
    after: valuesOf(after),
  });
}

const valuesOf = ({ row, secrets }: Version) => ({
  kind: row.kind,
  name: row.name,
  enabled: row.enabled,
  priority: row.priority,
  defaultSender: row.defaultSender,
  maxPerSecond: row.maxPerSecond,
  maxConcurrent: row.maxConcurrent,
  lowBalance: row.lowBalance?.toString() ?? null,
  callbackAddresses: row.callbackAddresses,
  settings: row.settings,
  disconnectedAt: row.disconnectedAt,
  ...secrets,
});
