import { InvalidTextError } from "../../../lib/errors.ts";
import { previewText, type ForcingCharacter, type TextPreview } from "../../../sms/text.ts";
import { textWarnings } from "../../../sms/text-warnings.ts";
import { builder } from "../builder.ts";
import { TextEncodingEnum } from "./enums.ts";

const maxPreviewLength = 20_000;

const ForcingCharacterRef = builder.objectRef<ForcingCharacter>("ForcingCharacter").implement({
  description: "A character that is not in GSM-7 and forces the whole text into UCS-2.",
  fields: (t) => ({
    character: t.exposeString("character", { description: "The character." }),
    position: t.exposeInt("position", {
      description: "Its index in the text, in UTF-16 code units from 0 (as in JavaScript strings).",
    }),
    codePoint: t.exposeString("codePoint", { description: "Its Unicode code point, for example `U+2019`." }),
    replacement: t.exposeString("replacement", {
      nullable: true,
      description: "Its replacement in the GSM-7 version of the text; null when there is none.",
    }),
  }),
});

const TextPreviewRef = builder.objectRef<TextPreview & { warnings: string[] }>("TextPreview").implement({
  description: "How a text would be encoded and split as SMS.",
  fields: (t) => ({
    encoding: t.expose("encoding", { type: TextEncodingEnum, description: "The encoding the text needs." }),
    segments: t.exposeInt("segments", {
      description: "How many segments would be sent and charged; 0 for an empty text.",
    }),
    charactersUsed: t.exposeInt("unitsUsed", {
      description: "Length in SMS characters: septets in GSM-7 (`€` takes 2), UTF-16 code units in UCS-2.",
    }),
    charactersLeft: t.exposeInt("unitsLeft", {
      description: "Characters that still fit in the last segment.",
    }),
    charactersPerSegment: t.exposeInt("unitsPerSegment", {
      description: "Characters per segment: 160 or 70 in a single one, 153 or 67 in each of several.",
    }),
    forcingCharacters: t.field({
      type: [ForcingCharacterRef],
      description: "Every character that forces UCS-2, in the order of the text.",
      resolve: ({ forcingCharacters }) => forcingCharacters,
    }),
    gsmSafeText: t.exposeString("gsmSafeText", {
      nullable: true,
      description: "The text rewritten to fit GSM-7; null when it already fits or cannot be rewritten.",
    }),
    segmentsSaved: t.exposeInt("segmentsSaved", { description: "How many segments the rewrite saves." }),
    warnings: t.exposeStringList("warnings", {
      description: "Warnings about probable mistakes and about text that would be refused.",
    }),
  }),
});

builder.queryField("previewText", (t) =>
  t.field({
    type: TextPreviewRef,
    description: "Shows the encoding and segments of a text, and how to make it cheaper. Stores nothing.",
    authScopes: { READ: true },
    args: {
      text: t.arg.string({
        required: true,
        description: `The text, of at most ${maxPreviewLength} characters.`,
      }),
    },
    resolve: (_root, { text }, { routingTables }) => {
      if (text.length <= maxPreviewLength) {
        const preview = previewText(text);
        return { ...preview, warnings: textWarnings(text, preview.segments, routingTables.maxSegments) };
      }
      throw new InvalidTextError(
        `The text has ${text.length} characters; a preview takes ${maxPreviewLength}. Shorten it.`,
      );
    },
  }),
);
