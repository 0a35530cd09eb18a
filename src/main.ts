import { enableCompileCache } from "node:module";
import { setFlagsFromString } from "node:v8";
import { helpText } from "./welcome.ts";

// V8 learns where objects are made that live for long, and makes them old at once from then on. The rows of an import
// wait for the database just long enough to teach it that: a file of a million rows then leaves 200 MB of dead ones
// behind, and else next to nothing.
setFlagsFromString("--no-allocation-site-pretenuring");

if (process.argv.includes("--help") || process.argv.includes("-h")) {
  process.stdout.write(helpText);
} else if (process.argv.length > 2) {
  process.stderr.write(
    `What is "${process.argv.slice(2).join(" ")}"? There are no options but --help:\n\n${helpText}`,
  );
  process.exit(2);
} else {
  // What Node has compiled once it finds in the system's temporary folder: the next start takes half the time.
  enableCompileCache();
  const { run } = await import("./run.ts");
  process.exit(await run());
}
