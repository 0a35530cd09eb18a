/** The TypeScript types of smsgraph's scalars, for `config.scalars` of GraphQL Code Generator. */
export const scalars = {
  Cursor: "string",
  DateTime: "string",
  Decimal: "string",
  ID: "string",
  JSONObject: "Record<string, unknown>",
  Upload: "File | Blob",
} as const;
