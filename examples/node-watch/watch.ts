/** Prints every status change of your messages once, whatever breaks down meanwhile: see examples/README.md. */
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { createClient } from "graphql-ws";

const { SMSGRAPH_URL: url = "ws://localhost:4000/graphql", SMSGRAPH_KEY: key = "" } = process.env;
const { CURSOR_FILE: file = ".watch-cursor" } = process.env;

const query = `subscription Watch($after: Cursor) {
  messageEvents(after: $after) {
    ... on MessageEventBatch { cursor events { status applied receivedAt message { id to } } }
    ... on CaughtUp { cursor }
    ... on StreamReset { cursor reason }
  }
}`;
interface Frame {
  cursor: string;
  reason?: string;
  events?: { status: string; applied: boolean; receivedAt: string; message: { id: string; to: string } }[];
}

const client = createClient({ url, connectionParams: { authorization: `Bearer ${key}` }, retryAttempts: 0 });
let cursor = existsSync(file) ? readFileSync(file, "utf8") : undefined;

/** Nothing is awaited in here, and Ctrl-C waits for its end: the frame is handled and its cursor kept, or neither. */
function handle({ cursor: reached, reason, events = [] }: Frame): void {
  if (reason !== undefined) console.log(`RESET ${reason}: some news is gone, ask where your messages stand`);
  for (const { status, applied, receivedAt, message } of events) {
    if (applied) console.log(receivedAt, message.to, status, message.id);
  }
  writeFileSync(`${file}.new`, reached);
  renameSync(`${file}.new`, file);
  cursor = reached;
}
process.once("SIGINT", () => process.exit());

for (;;) {
  try {
    const stream = client.iterate<{ messageEvents: Frame }>({ query, variables: { after: cursor } });
    for await (const { data, errors } of stream) {
      if (!data) throw new Error(errors?.map(({ message }) => message).join(" "));
      handle(data.messageEvents);
    }
    // A server that is stopped in good order completes its streams; the next one takes over.
  } catch (problem) {
    const { code, reason } = problem as CloseEvent;
    if (code === 4403) throw new Error(reason, { cause: problem });
    // Whatever else befalls a connection may be over soon; an error is not.
    if (!(problem instanceof Event)) throw problem;
  }
  await pause(1000);
}
