import { wordsOf } from "./ui/problem.tsx";

/** What a mutation is answered with. */
export interface Answer {
  data?: object | undefined;
  error?: Parameters<typeof wordsOf>[0];
}

/** Why it was not done, in the API's words: one of its typed errors, or what went wrong on the way. */
export function problemOf({ data, error }: Answer): string | undefined {
  const [result] = Object.values(data ?? {}) as object[];
  return result && "message" in result ? String(result.message) : wordsOf(error);
}
