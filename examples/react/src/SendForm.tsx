import { useMemo, useState, type SubmitEvent } from "react";
import { useMutation } from "urql";
import { SendDocument } from "./gql/graphql.ts";

/** Sends a message. It appears in the list by itself, as every message does, whoever sends it. */
export function SendForm() {
  const [to, setTo] = useState("+421901000000");
  const [text, setText] = useState("Hello from smsgraph");
  const [sent, setSent] = useState(0);
  // Sent again after a lost answer, the same key brings the same message instead of a second one.
  const idempotencyKey = useMemo(() => crypto.randomUUID(), [to, text, sent]);
  const [{ fetching, data, error }, send] = useMutation(SendDocument);
  const result = data?.sendMessage;
  const problem = error?.message ?? (result && "message" in result ? result.message : undefined);

  async function submit(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const answer = await send({ input: { to, text, idempotencyKey } });
    if (answer.data && "id" in answer.data.sendMessage) setSent(sent + 1);
  }

  return (
    <form className="send" onSubmit={(event) => void submit(event)}>
      <label>
        Number
        <input type="tel" value={to} onChange={(event) => setTo(event.target.value)} required />
      </label>
      <label>
        Text
        <input value={text} onChange={(event) => setText(event.target.value)} required />
      </label>
      <button disabled={fetching}>Send</button>
      {problem && <p role="alert">{problem}</p>}
    </form>
  );
}
