import { useState } from "react";
import { useClient, useMutation } from "urql";
import { problemOf } from "../../answer.ts";
import { RefusedFileDocument, RefusedRowsDocument, type RefusedRowFragment } from "../../gql/graphql.ts";
import { saveFile, toCsv } from "../../files.ts";
import { formatCount } from "../../ui/money.tsx";
import { PhoneNumber } from "../../ui/number.tsx";
import { Table } from "../../ui/page.tsx";
import { wordsOf } from "../../ui/problem.tsx";
import { toInput, type Draft } from "./draft.ts";

interface RefusedRowsProps {
  rows: readonly RefusedRowFragment[];
  count: number;
}

/** Rows that cannot become a message, and why. */
export const RefusedRows = ({ rows, count }: RefusedRowsProps) => (
  <>
    <Table label="Refused rows" heads={["Row", "To", "Why"]}>
      {rows.map(({ row, to, reason }) => (
        <tr key={row}>
          <td className="figure">{row}</td>
          <td>
            <PhoneNumber value={to} />
          </td>
          <td>{reason}</td>
        </tr>
      ))}
    </Table>
    <FirstOf shown={rows.length} count={count} />
  </>
);

export const FirstOf = ({ shown, count }: { shown: number; count: number }) =>
  count > shown && (
    <p className="quiet small">
      The first {shown} of {formatCount(count)}.
    </p>
  );

const nameOf = (campaign: string): string => `${campaign} refused.csv`;

/** All refused rows of a stored campaign as a file. */
export function useRefusedDownload(id: string, name: string) {
  const client = useClient();
  const [problem, setProblem] = useState<string>();

  async function load(): Promise<void> {
    const lines = [["row", "to", "code", "reason"]];
    for (let after: string | null | undefined; ;) {
      const { data, error } = await client.query(RefusedRowsDocument, { id, after }).toPromise();
      if (error) return setProblem(wordsOf(error));
      const page = data?.campaign?.refusedRecipients;
      lines.push(
        ...(page?.edges ?? []).map(({ node: { row, to, code, reason } }) => [String(row), to, code, reason]),
      );
      if (!page?.pageInfo.hasNextPage) break;
      after = page.pageInfo.endCursor;
    }
    saveFile(toCsv(lines), nameOf(name));
  }

  return { problem, download: () => void load() };
}

/** The same of one that is not stored yet: its file is checked once more. */
export function useRefusedOfDraft(draft: Draft) {
  const [, check] = useMutation(RefusedFileDocument);
  const [problem, setProblem] = useState<string>();

  async function load(): Promise<void> {
    const answer = await check({ input: { ...toInput(draft), dryRun: true } });
    const result = answer.data?.createCampaign;
    setProblem(problemOf(answer));
    if (result && "refusedCsv" in result) saveFile(result.refusedCsv, nameOf(draft.name));
  }

  return { problem, download: () => void load() };
}
