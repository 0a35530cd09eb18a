import { spawnSync } from "node:child_process";

/** What each command prints from the code, in this order: the later files are printed from the schema. */
const printers = {
  docs: ["scripts/print-docs.ts", "scripts/print-errors.ts", "scripts/print-metrics.ts"],
  schema: [
    "scripts/print-schema.ts",
    "packages/client/codegen.ts",
    "examples/react/codegen.ts",
    "console/codegen.ts",
  ],
} as const;

const help = `Prints files from the code; tests fail when they are stale.

Usage: npm run docs     parts of docs
       npm run schema   schema.graphql, and the types of the operations in the client, the example and the console
`;

const [what, ...others] = process.argv.slice(2);

if (others.length === 1 && (others[0] === "--help" || others[0] === "-h")) {
  process.stdout.write(help);
} else if ((what === "docs" || what === "schema") && others.length === 0) {
  // As with && in a shell, the first that fails is the last.
  const failed = printers[what]
    .values()
    .map((file) => spawnSync(process.execPath, [file], { stdio: "inherit" }).status ?? 1)
    .find((status) => status !== 0);
  process.exitCode = failed ?? 0;
} else {
  process.stderr.write(`What is "${(others.length > 0 ? others : [what]).join(" ")}"?\n\n${help}`);
  process.exitCode = 1;
}
