/** Prints every status change of your messages once, whatever breaks down meanwhile: see examples/README.md. */
import { createClient } from "smsgraph";
import { fileStore } from "smsgraph/file-store";

const { SMSGRAPH_URL: url = "http://localhost:4000", SMSGRAPH_KEY: key = "" } = process.env;
const { CURSOR_FILE: file = ".watch-cursor" } = process.env;

const client = createClient({
  url,
  key,
  onState(connection) {
    if (connection.state === "reconnecting") console.error(`${connection.problem.message}: trying again`);
  },
});
const events = client.messageEvents({
  store: fileStore(file),
  onReset: ({ reason }) => console.log(`RESET ${reason}: some news is gone, ask where your messages stand`),
});
// Nothing is awaited between an event and its cursor, so Ctrl-C comes after both or before both.
process.once("SIGINT", () => process.exit());

try {
  for await (const { status, applied, receivedAt, message } of events) {
    if (applied) console.log(receivedAt, message.to, status, message.id);
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
