import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { readArchitecture } from "./architecture.ts";

/**
 * `npm run docs`: prints what documents repeat from the code between their marks, `<!-- printed: NAME -->` and
 * `<!-- end -->`. Tests fail where a document is stale.
 */
const printed: readonly { path: string; name: string; print: () => string }[] = [
  { path: "docs/architecture.md", name: "folders and tables", print: architectureTables },
];

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  for (const { path, name, print } of printed) {
    const text = readFileSync(path, "utf8");
    const marked = new RegExp(`(<!-- printed: ${name} -->\n)[^]*?(<!-- end -->)`);
    if (!marked.test(text)) throw new Error(`${path} has no place for "${name}"`);
    writeFileSync(
      path,
      text.replace(marked, (_all, start: string, end: string) => start + print() + end),
    );
    process.stdout.write(`Wrote ${path}\n`);
  }
}

/** The import table and the table of writers, as Markdown. */
export function architectureTables(): string {
  const { imports, tables } = readArchitecture();
  const folders = Object.entries(imports).map(
    ([folder, { does, from }]) =>
      `| \`${folder}\` | ${does} | ${from.map((other) => `\`${other}\``).join(", ")} |`,
  );
  const owners = Object.entries(tables).map(
    ([table, writers]) => `| \`${table}\` | ${writers.map((writer) => `\`${writer}\``).join(", ")} |`,
  );
  return `
| folder of \`src\` | what it does | may import |
|---|---|---|
${folders.join("\n")}

| database table | written by |
|---|---|
${owners.join("\n")}

`;
}
