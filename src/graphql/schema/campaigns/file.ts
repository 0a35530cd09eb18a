import type { FileReading } from "../../../campaigns/intake/recipients.ts";
import { builder } from "../builder.ts";

export const FileFormat = builder.enumType("FileFormat", {
  description: "What a file with recipients is.",
  values: {
    CSV: { description: "Text with a row in each line." },
    XLSX: { description: "A workbook." },
  } as const,
});

const EncodingSource = builder.enumType("EncodingSource", {
  description: "How the encoding of a file is known.",
  values: {
    GIVEN: { description: "The caller named it." },
    MARK: { description: "The file begins with its mark (BOM)." },
    CONTENT: { description: "It was found by the bytes of the file, so it is a guess unless it is `utf-8`." },
  } as const,
});

const CampaignFileColumn = builder.objectRef<FileReading["columns"][number]>("CampaignFileColumn").implement({
  description: "A column of a file with recipients.",
  fields: (t) => ({
    name: t.exposeString("name", { description: "Its name in the file." }),
    as: t.exposeString("as", {
      nullable: true,
      description:
        "What it was read as: `to`, `clientRef`, or the name of a placeholder; null: nothing asks for it.",
    }),
  }),
});

export const CampaignFile = builder.objectRef<FileReading>("CampaignFile").implement({
  description: "How a file with recipients was read.",
  fields: (t) => ({
    format: t.field({ type: FileFormat, description: "What it is.", resolve: ({ file }) => file.format }),
    encoding: t.string({
      nullable: true,
      description: "The encoding of a CSV file, such as `utf-8` or `windows-1250`; null for a workbook.",
      resolve: ({ file }) => file.encoding,
    }),
    encodingFrom: t.field({
      type: EncodingSource,
      nullable: true,
      description: "How the encoding is known; null for a workbook.",
      resolve: ({ file }) => file.encodingFrom,
    }),
    separator: t.string({
      nullable: true,
      description: "What separates the cells of a CSV file; null for a workbook.",
      resolve: ({ file }) => file.separator,
    }),
    sheet: t.string({
      nullable: true,
      description: "The sheet of a workbook that was read; null for CSV.",
      resolve: ({ file }) => file.sheet,
    }),
    sheets: t.stringList({
      nullable: true,
      description: "All sheets of a workbook that are not hidden; null for CSV.",
      resolve: ({ file }) => file.sheets,
    }),
    rows: t.exposeInt("rows", { description: "Rows below the header that are not empty." }),
    columns: t.expose("columns", { type: [CampaignFileColumn], description: "Its columns, in their order." }),
  }),
});
