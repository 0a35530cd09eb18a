import type { Client } from "@urql/core";
import { problemOf } from "../../answer.ts";
import { ReadCampaignFileDocument, type ReadCampaignFileMutation } from "../../gql/graphql.ts";

export type FileHead = Extract<
  ReadCampaignFileMutation["readCampaignFile"],
  { __typename: "CampaignFileHead" }
>;

/** Which columns of a file hold the number and the reference; all others hold values of their names. */
export interface Mapping {
  head: FileHead;
  to: string;
  clientRef: string;
  /** The encoding that a person chose, since the one that was found is wrong. */
  encoding: string | undefined;
}

/** How else the file is to be read than it would be. */
export interface Reading {
  sheet?: string | undefined;
  encoding?: string | undefined;
}

/** As much of a CSV file as its header and a few rows may take. Of a workbook the list of its parts is at its end. */
const headBytes = 64 * 1024;

/** Names that people give to a column of numbers. */
const numberColumn =
  /^(to|phone|number|mobile|msisdn|tel|telephone|recipient|phone.?number|mobile.?number|telef[oó]n|č[ií]slo)$/i;
const referenceColumn = /^(client.?ref|ref|reference|id|externalid)$/i;

/** Has the server read the beginning of a file, in whatever encoding or format it is. */
export async function readFile(
  client: Client,
  file: File,
  { sheet, encoding }: Reading = {},
): Promise<{ mapping?: Mapping; problem?: string | undefined }> {
  const isWorkbook = (await file.slice(0, 2).text()) === "PK";
  const part = isWorkbook ? file : new File([file.slice(0, headBytes)], file.name);
  const answer = await client
    .mutation(ReadCampaignFileDocument, { input: { file: part, sheet, fileEncoding: encoding } })
    .toPromise();
  const head = answer.data?.readCampaignFile;
  if (head?.__typename !== "CampaignFileHead") return { problem: problemOf(answer) };
  const { columns } = head;
  return {
    mapping: {
      head,
      encoding,
      to: columns.find((name) => numberColumn.test(name.trim())) ?? columns[0] ?? "",
      clientRef: columns.find((name) => referenceColumn.test(name.trim())) ?? "",
    },
  };
}

/** The names that the text may use as placeholders. */
export const placeholdersOf = ({ head, to, clientRef }: Mapping): string[] =>
  head.columns.filter((name) => name !== "" && name !== to && name !== clientRef);
