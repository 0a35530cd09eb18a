import { InvalidInputError, InvalidTextError } from "../../../lib/errors.ts";
import type { OptOutLanguage, OptOutSettings as Settings } from "../../../messages/inbound/opt-out.ts";
import { optOutSettingsOf, setOptOutSettings } from "../../../messages/inbound/settings.ts";
import { accountOf } from "../../context.ts";
import { builder } from "../builder.ts";

const OptOutScope = builder.enumType("OptOutScope", {
  description: "Which senders are not to text a person who writes STOP.",
  values: {
    ALL: { description: "Every sender of the account." },
    SENDER: { description: "The sender that the person answered." },
  } as const,
});

const OptOutWords = builder.objectRef<OptOutLanguage>("OptOutWords").implement({
  description: "The words of one language with which people say that they want no more messages.",
  fields: (t) => ({
    language: t.exposeString("language", { description: "The language, such as `sk` (BCP 47)." }),
    words: t.exposeStringList("words", { description: "The words, in any case, with or without accents." }),
    answer: t.exposeString("answer", {
      nullable: true,
      description: "What the person is answered, once; null for nothing.",
    }),
  }),
});

const OptOutSettings = builder.objectRef<Settings>("OptOutSettings").implement({
  description: "What happens when people write STOP. STOP itself is always understood.",
  isTypeOf: (value) => typeof value === "object" && value !== null && "languages" in value,
  fields: (t) => ({
    scope: t.expose("scope", { type: OptOutScope, description: "Which senders it holds for." }),
    languages: t.expose("languages", { type: [OptOutWords], description: "The words by language." }),
  }),
});

const OptOutWordsInput = builder.inputType("OptOutWordsInput", {
  description: "The words of one language.",
  fields: (t) => ({
    language: t.string({ required: true, description: "The language, such as `sk` (BCP 47)." }),
    words: t.stringList({
      required: true,
      description:
        "A message that is nothing but one of these words puts its sender on the list, in any case, with or without accents.",
    }),
    answer: t.string({
      description: "What the person is answered, once, in at most three segments; absent: nothing.",
    }),
  }),
});

const SetOptOutInput = builder.inputType("SetOptOutInput", {
  description: "What is to happen when people write STOP.",
  fields: (t) => ({
    scope: t.field({ type: OptOutScope, description: "Which senders it holds for; absent: ALL." }),
    languages: t.field({
      type: [OptOutWordsInput],
      required: true,
      description:
        "The words by language; they replace all earlier ones. STOP is always understood, and answered as in the first language " +
        "unless another one has it.",
    }),
  }),
});

const SetOptOutResult = builder.errorUnion("SetOptOutResult", {
  description: "The settings, or why they were refused.",
  types: [OptOutSettings, InvalidInputError, InvalidTextError],
});

builder.queryField("optOutSettings", (t) =>
  t.field({
    type: OptOutSettings,
    description: "What happens when people write STOP.",
    authScopes: { READ: true },
    resolve: (_root, _args, context) => optOutSettingsOf(context.database, accountOf(context)),
  }),
);

builder.mutationField("setOptOut", (t) =>
  t.field({
    type: SetOptOutResult,
    description: "Says what is to happen when people write STOP.",
    authScopes: { ADMIN: true },
    args: { input: t.arg({ type: SetOptOutInput, required: true, description: "The settings." }) },
    resolve: (_root, { input: { scope, languages } }, context) =>
      setOptOutSettings(context, accountOf(context), {
        scope: scope ?? "ALL",
        languages: languages.map(({ answer, ...rest }) => ({ ...rest, answer: answer ?? null })),
      }),
  }),
);
