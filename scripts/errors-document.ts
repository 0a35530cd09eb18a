import { errorCodes } from "../src/lib/errors.ts";
import { failureCodes, faults, type FailureCode } from "../src/providers/failure-codes.ts";

const row = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [row(head), row(head.map(() => "---")), ...rows.map(row)].join("\n");
}

/** What stands in `docs/errors.md`. */
export function errorsDocument(): string {
  const errors = Object.entries(errorCodes).map(([code, text]) => [`\`${code}\``, text]);
  const failures = Object.entries(failureCodes) as [FailureCode, (typeof failureCodes)[FailureCode]][];
  const kinds = failures.map(([code, { text, permanent, fault }]) => [
    `\`${code}\``,
    text,
    permanent ? "no" : "may help",
    `\`${fault}\``,
  ]);
  const whose = Object.entries(faults).map(([fault, text]) => [`\`${fault}\``, text]);
  return `# Errors and failures

Printed from the code by \`npm run docs\`.

## Errors of a request

\`code\` of an \`Error\` in a result, or \`extensions.code\` of a GraphQL error (\`ErrorCode\` in the schema). The message beside it
says what to do next.

${table(["code", "meaning"], errors)}

## Failures of a message

\`failure.code\` of a message: why it did not arrive. The text beside it is the provider's own, where it gave one, and
\`permanent\` says of this one message whether sending the same again can help; here stands what is usual.

${table(["code", "meaning", "sending again", "whose fault"], kinds)}

A message that we routed goes to the next provider when its own refuses it with a failure of \`CONNECTION\` or
\`PROVIDER\`. A failure of \`CONNECTION\` closes the provider's lane, as unanswered requests do.

${table(["whose fault", "meaning"], whose)}
`;
}
