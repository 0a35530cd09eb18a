import type { Database } from "../database/database.ts";
import { toTextCell } from "../spreadsheets/text-cells.ts";
import { listSuppressions, type SuppressionKey } from "./suppressions.ts";

const pageSize = 5_000;

const columns = ["number", "sender", "reason", "source", "since"] as const;

/** Writes the list of an account as CSV, by number, a page of lines at a time. `importSuppressions` reads it. */
export async function* exportSuppressions(database: Database, accountId: string): AsyncGenerator<string> {
  yield `\uFEFF${columns.join(",")}\r\n`;
  let after: SuppressionKey | undefined;
  for (;;) {
    const page = await listSuppressions(database, accountId, { after, limit: pageSize });
    if (page.length === 0) return;
    yield page
      .map(({ number, sender, reason, source, createdAt }) =>
        [number, sender, reason ?? "", source, createdAt.toISOString()].map(toCell).join(","),
      )
      .map((line) => `${line}\r\n`)
      .join("");
    after = page.at(-1);
  }
}

function toCell(text: string): string {
  const cell = toTextCell(text);
  return /[",;\r\n\t]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
