import type { WireAnswer } from "../../wire/exchange.ts";
import { rawJson, success } from "../../wire/tonkra/answers.ts";
import type { TonkraContext } from "./context.ts";
import { literalBody } from "./rows.ts";

/** One or more messages; the documentation has a placeholder here. */
export function messages(
  { variant }: TonkraContext,
  placeholder: string,
  data: unknown,
  message: string | null,
): WireAnswer {
  return variant.bodies === "literal" ? rawJson(literalBody(placeholder)) : success(data, message);
}
