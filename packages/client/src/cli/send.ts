import { connect, accessHelp, print, readArguments, successOf, UsageError, type Command } from "./command.ts";

const options = {
  from: { type: "string" },
  provider: { type: "string" },
  ref: { type: "string" },
  "idempotency-key": { type: "string" },
  watch: { type: "boolean", short: "w", default: false },
} as const;

const help = `Sends one message, and prints its id and status.

Usage: smsgraph send <number> <text> [options]

  --from SENDER            the sender ID; default: the provider's
  --provider ID            the provider that is to carry it; default: routing chooses
  --ref TEXT               your own reference (\`clientRef\`)
  --idempotency-key KEY    the same key within 24 hours sends nothing a second time
  --watch, -w              prints each status until the last one
${accessHelp}`;

async function run(rest: string[]): Promise<void> {
  const { values, positionals } = readArguments(rest, options);
  const [to, ...words] = positionals;
  if (to === undefined || words.length === 0) throw new UsageError(`Name a number and a text.\n\n${help}`);
  const { from, provider: providerId, ref: clientRef, "idempotency-key": idempotencyKey } = values;
  const client = connect(values);
  const sent = successOf(
    await client.send({
      to,
      text: words.join(" "),
      ...(from !== undefined && { from }),
      ...(providerId !== undefined && { providerId }),
      ...(clientRef !== undefined && { clientRef }),
      ...(idempotencyKey !== undefined && { idempotencyKey }),
    }),
  );
  print(`${sent.id} ${sent.status}`);
  if (!values.watch) return;
  let shown: string = sent.status;
  for await (const { id, status, isFinal, failure } of client.watchMessage(sent.id)) {
    if (status !== shown) print(`${id} ${status}${failure ? `: ${failure.text}` : ""}`);
    shown = status;
    if (isFinal) return;
  }
}

export const send: Command = { does: "sends one message", help, run };
