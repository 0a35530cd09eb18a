import { enableCompileCache } from "node:module";
import { setFlagsFromString } from "node:v8";
import { helpText } from "./welcome.ts";

// Turns off V8's pretenuring. An import's rows wait for the database just long enough for V8 to learn that
// such objects live long. From then on it would allocate them as old, and a file of a million rows would
// leave 200 MB of garbage behind.
setFlagsFromString("--no-allocation-site-pretenuring");

if (process.argv.includes("--help") || process.argv.includes("-h")) {
  process.stdout.write(helpText);
} else if (process.argv.length > 2) {
  process.stderr.write(
    `What is "${process.argv.slice(2).join(" ")}"? There are no options but --help:\n\n${helpText}`,
  );
  process.exit(2);
} else {
  // Compiled code is cached in the temporary folder; the next start takes half the time.
  enableCompileCache();
  const { run } = await import("./run.ts");
  process.exit(await run());
}
