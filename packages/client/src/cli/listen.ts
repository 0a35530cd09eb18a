import { fileStore } from "../file-store.ts";
import type { MessageEventFilter, MessageStatus } from "../types.ts";
import { connect, accessHelp, complain, print, readArguments, UsageError, type Command } from "./command.ts";

const options = {
  after: { type: "string" },
  store: { type: "string" },
  message: { type: "string", multiple: true },
  campaign: { type: "string" },
  provider: { type: "string" },
  status: { type: "string", multiple: true },
  country: { type: "string", multiple: true },
  ref: { type: "string" },
  json: { type: "boolean", default: false },
  all: { type: "boolean", default: false },
  sse: { type: "boolean", default: false },
} as const;

const help = `Prints each change of your messages, once and in order, over any number of disconnects, until it is stopped (Ctrl-C).

Usage: smsgraph listen [options]

  --store FILE      keeps the cursor in this file: the next start goes on from there
  --after CURSOR    begins after this cursor; default: now
  --message ID      only of this message; may be given several times
  --campaign ID     only of the messages of this campaign
  --provider ID     only of messages sent through this provider
  --status STATUS   only events with this status; may be given several times
  --country XX      only of messages to this country; may be given several times
  --ref TEXT        only of messages whose \`clientRef\` begins with this
  --all             ignored receipts too
  --json            one event a line as JSON, with its cursor
  --sse             over server-sent events instead of a WebSocket
${accessHelp}`;

type Values = ReturnType<typeof readArguments<typeof options>>["values"];

function filterOf({ message, campaign, provider, status, country, ref }: Values): MessageEventFilter {
  return {
    ...(message && { messageIds: message }),
    ...(campaign !== undefined && { campaignId: campaign }),
    ...(provider !== undefined && { providerId: provider }),
    ...(status && { status: status as MessageStatus[] }),
    ...(country && { country }),
    ...(ref !== undefined && { clientRefPrefix: ref }),
  };
}

async function run(rest: string[]): Promise<void> {
  const { values, positionals } = readArguments(rest, options);
  if (positionals.length > 0) throw new UsageError(`"${positionals[0]}" is one word too many.\n\n${help}`);
  const { after, store, json, all, sse } = values;
  const client = connect(values, {
    ...(sse && { transport: "sse" }),
    onState(connection) {
      if (connection.state === "reconnecting") complain(`${connection.problem.message}: trying again`);
    },
  });
  const events = client.messageEvents({
    filter: filterOf(values),
    ...(after !== undefined && { after }),
    ...(store !== undefined && { store: fileStore(store) }),
    onReset: ({ reason }) =>
      complain(`${reason}: some events are no longer stored; what follows is complete`),
  });
  // Nothing is awaited between an event and its cursor, so Ctrl-C comes after both or before both.
  process.once("SIGINT", () => process.exit());
  for await (const event of events) {
    const { receivedAt, message, status, applied, ignoredReason } = event;
    if (!applied && !all) continue;
    if (json) print(JSON.stringify(event));
    else
      print(
        `${receivedAt} ${message.to} ${status} ${message.id}${applied ? "" : ` (ignored: ${ignoredReason})`}`,
      );
  }
}

export const listen: Command = { does: "prints each change of your messages", help, run };
