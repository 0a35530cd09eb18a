import type { AuditAction } from "../audit/actions.ts";
import { recordAudit } from "../audit/record.ts";
import type { Prisma, Webhook } from "../database/generated/client.ts";
import { inPrisma } from "../database/in-prisma.ts";

/** Records a change of a webhook in its transaction. Without `after` it was deleted. */
export async function auditWebhook(
  prisma: Prisma.TransactionClient,
  action: AuditAction,
  { before, after }: { before?: Webhook; after?: Webhook },
): Promise<void> {
  const webhook = after ?? before;
  if (!webhook) return;
  const { id, accountId } = webhook;
  await recordAudit(inPrisma(prisma), {
    accountId,
    action,
    target: { type: "Webhook", id },
    before: before && valuesOf(before),
    after: after && valuesOf(after),
  });
}

const valuesOf = ({
  name,
  url,
  stream,
  filter,
  batchSize,
  withoutTexts,
  enabled,
  secrets,
  ...row
}: Webhook) => ({
  name,
  url: withoutQuery(url),
  stream,
  filter,
  batchSize,
  withoutTexts,
  enabled,
  secrets,
  cursor: `${row.cursorTx}.${row.cursorId}`,
});

/** Some services have a secret in the query of their address. */
const withoutQuery = (url: string): string => url.replace(/\?[^]*/, "?[hidden]");
