import { readFileHead, sampleRows, type FileHead } from "../../../campaigns/intake/file-head.ts";
import { InvalidInputError } from "../../../lib/errors.ts";
import { accountOf } from "../../context.ts";
import { builder } from "../builder.ts";
import { FileFormat } from "./file.ts";

const CampaignFileHead = builder.objectRef<FileHead>("CampaignFileHead").implement({
  description: "The beginning of a file, as `createCampaign` would read it.",
  isTypeOf: (value) => typeof value === "object" && value !== null && "sample" in value,
  fields: (t) => ({
    format: t.field({
      type: FileFormat,
      description: "What it is.",
      resolve: ({ reading }) => reading.format,
    }),
    encoding: t.string({
      nullable: true,
      description: "The encoding of a CSV file, as far as it shows so soon; null for a workbook.",
      resolve: ({ reading }) => reading.encoding,
    }),
    separator: t.string({
      nullable: true,
      description: "What separates the cells of a CSV file; null for a workbook.",
      resolve: ({ reading }) => reading.separator,
    }),
    sheet: t.string({
      nullable: true,
      description: "The sheet of a workbook that was read; null for CSV.",
      resolve: ({ reading }) => reading.sheet,
    }),
    sheets: t.stringList({
      nullable: true,
      description: "All sheets of a workbook that are not hidden; null for CSV.",
      resolve: ({ reading }) => reading.sheets,
    }),
    columns: t.exposeStringList("columns", { description: "The cells of its first row, in their order." }),
    sample: t.field({
      type: t.listRef(t.listRef("String")),
      description: `The cells of the first ${sampleRows} rows below it that are not empty.`,
      resolve: ({ sample }) => sample,
    }),
  }),
});

const ReadCampaignFileInput = builder.inputType("ReadCampaignFileInput", {
  description: "A file to look at.",
  fields: (t) => ({
    file: t.field({
      type: "Upload",
      required: true,
      description: "As for `createCampaign`. The beginning of a CSV file is enough.",
    }),
    sheet: t.string({ description: "The sheet of a workbook; absent: the first that is not hidden." }),
    fileEncoding: t.string({ description: "The encoding of a CSV file; absent: found." }),
  }),
});

const ReadCampaignFileResult = builder.errorUnion("ReadCampaignFileResult", {
  description: "The beginning of the file, or why it cannot be read.",
  types: [CampaignFileHead, InvalidInputError],
});

builder.mutationField("readCampaignFile", (t) =>
  t.field({
    type: ReadCampaignFileResult,
    description:
      "Says what a file with recipients begins with, so that a person can choose which column is what (`columns` of " +
      "`createCampaign`). Stores nothing.",
    authScopes: { CAMPAIGNS: true },
    args: { input: t.arg({ type: ReadCampaignFileInput, required: true, description: "The file." }) },
    resolve: (_root, { input: { file, sheet, fileEncoding } }, context) =>
      readFileHead(file, { sheet, encoding: fileEncoding, holder: accountOf(context) }),
  }),
);
