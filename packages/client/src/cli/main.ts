import { campaign } from "./campaign.ts";
import { accessHelp, complain, print, UsageError, wordsFor, type Command } from "./command.ts";
import { keys } from "./keys.ts";
import { listen } from "./listen.ts";
import { send } from "./send.ts";
import { suppressions } from "./suppressions.ts";

const commands: Readonly<Record<string, Command>> = { send, listen, keys, campaign, suppressions };

const help = `smsgraph from the command line, over its API: it needs an API key and nothing else.

Usage: smsgraph <command> [options]

${Object.entries(commands)
  .map(([name, { does }]) => `  ${name.padEnd(14)}${does}`)
  .join("\n")}

smsgraph <command> --help says more. Every command takes:

${accessHelp}`;

async function main([name, ...rest]: string[]): Promise<void> {
  if (name === undefined || name === "--help" || name === "-h" || name === "help") return print(help);
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (!command) throw new UsageError(`There is no command "${name}".\n\n${help}`);
  if (rest.includes("--help") || rest.includes("-h")) return print(command.help);
  await command.run(rest);
}

// The reader of our output may stop reading, as `head` does.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  process.exit(error.code === "EPIPE" ? 0 : 1);
});

try {
  await main(process.argv.slice(2));
} catch (error) {
  const words = wordsFor(error);
  complain(words ?? String(error));
  if (words === undefined) throw error;
  process.exitCode = 1;
}
// An open WebSocket would keep the process.
process.exit();
