import type { TestApp } from "./app.ts";

export interface Refused {
  to: string;
  row: number;
  code: string;
  reason: string;
}

/** What `createCampaign` answers, as far as it was a campaign, a preview or an error. */
export interface Created {
  __typename: string;
  id: string;
  name: string;
  status: string;
  code: string;
  message: string;
  field: string;
  duplicatesRemoved: number;
  refusedCount: number;
  estimatedCost: { amount: string; currency: string }[];
  refusedRecipients: { edges: { node: Refused }[] };
  campaignId: string;
  refused: Refused[];
}

const refused = "to row code reason";

export const createDocument = `mutation ($input: CreateCampaignInput!) {
  createCampaign(input: $input) {
    __typename
    ... on Campaign {
      id name status duplicatesRemoved refusedCount estimatedCost { amount currency }
      refusedRecipients(first: 100) { edges { node { ${refused} } } }
    }
    ... on CampaignPreview {
      total duplicatesRemoved refusedRows: refusedCount segments estimatedCost { amount currency }
      countries { country recipients segments estimatedCost { amount currency } }
      refusedRecipients(first: 100) { edges { node { ${refused} } } } warnings messages { to text encoding segments }
      file { format encoding encodingFrom separator sheet sheets rows columns { name as } }
    }
    ... on Error { code message }
    ... on InvalidInputError { field }
    ... on IdempotencyConflictError { campaignId messageId }
    ... on NoRecipientsError { refusedCount refused { ${refused} } refusedRecipients(first: 100) { edges { node { ${refused} } } } }
  }
}`;

/** Creates a campaign, or finds out why not. */
export async function createCampaign({ client }: Pick<TestApp, "client">, input: object): Promise<Created> {
  const given = { name: "Spring", text: "Hello", ...input };
  return (await client.data<{ createCampaign: Created }>(createDocument, { input: given })).createCampaign;
}

export interface UploadParts {
  /** In the order in which they are sent. */
  parts: [name: string, more: string, body: string | Buffer][];
  /** Whether the last boundary is sent. */
  ends: boolean;
}

/** A GraphQL multipart request that creates a campaign out of a file. */
export function uploadOf(input: object, file: string | Buffer): UploadParts {
  const variables = { input: { name: "Spring", text: "Hello", file: null, ...input } };
  return {
    parts: [
      ["operations", "", JSON.stringify({ query: createDocument, variables })],
      ["map", "", JSON.stringify({ 0: ["variables.input.file"] })],
      ["0", '; filename="people.csv"\r\ncontent-type: text/csv', file],
    ],
    ends: true,
  };
}

const boundary = "----smsgraph-test";

export const uploadType = `multipart/form-data; boundary=${boundary}`;

export function bodyOf({ parts, ends }: UploadParts): Buffer {
  const pieces = parts.flatMap(([name, more, body]) => [
    Buffer.from(`--${boundary}\r\ncontent-disposition: form-data; name="${name}"${more}\r\n\r\n`),
    Buffer.from(body),
    Buffer.from("\r\n"),
  ]);
  return Buffer.concat(ends ? [...pieces, Buffer.from(`--${boundary}--\r\n`)] : pieces.slice(0, -1));
}

export interface UploadAnswer {
  status: number;
  data?: { createCampaign: Created };
  errors?: { message: string; extensions: { code: string } }[];
}

export async function upload(
  { url, client }: Pick<TestApp, "client" | "url">,
  parts: UploadParts,
  type = uploadType,
): Promise<UploadAnswer> {
  const response = await fetch(`${url}/graphql`, {
    method: "POST",
    headers: { ...client.headers, "content-type": type },
    body: new Uint8Array(bodyOf(parts)),
  });
  return { status: response.status, ...((await response.json()) as Omit<UploadAnswer, "status">) };
}

/** What the database holds when there is no campaign. */
export const nothing = {
  campaigns: 0,
  campaign_recipients: 0,
  refused_recipients: 0,
  campaign_estimates: 0,
  campaign_tallies: 0,
  campaign_routes: 0,
};

/** What the database holds of campaigns. */
export async function countCampaignRows({ services }: TestApp): Promise<Record<string, number>> {
  const tables = [
    "campaigns",
    "campaign_recipients",
    "refused_recipients",
    "campaign_estimates",
    "campaign_tallies",
    "campaign_routes",
  ];
  const counts = await Promise.all(
    tables.map(async (table) => {
      const { rows } = await services.database.pool.query<{ count: number }>(
        `select count(*)::int from ${table}`,
      );
      return [table, rows[0]?.count ?? 0] as const;
    }),
  );
  return Object.fromEntries(counts);
}
