import { useMemo, useState, type SubmitEvent } from "react";
import { useMutation } from "urql";
import { useQuery } from "../../query.ts";
import {
  ProviderNamesDocument,
  SendMessageDocument,
  type DuplicatePolicy,
  type MessagePriority,
  type TextEncodingChoice,
} from "../../gql/graphql.ts";
import { ofProviders } from "../../lists.ts";
import { problemOf } from "../../answer.ts";
import { settings } from "../../settings.ts";
import { Checkbox, Input, readForm, Select, TextArea, toInstant } from "../../ui/field.tsx";
import { Card, Page } from "../../ui/page.tsx";
import { Problem } from "../../ui/problem.tsx";
import { priorities } from "../../ui/priorities.ts";
import { MessageView } from "../messages/message.tsx";
import { Prices } from "./prices.tsx";
import { Scenarios } from "./scenarios.tsx";
import { Segments } from "./segments.tsx";
import { useSettled } from "./settled.ts";

const encodings = [
  ["AUTO", "GSM-7 where it can be"],
  ["GSM7", "GSM-7, other characters rewritten"],
  ["UCS2", "UCS-2"],
] as const satisfies readonly (readonly [TextEncodingChoice, string])[];

const duplicatePolicies = [
  ["NEVER", "Wait until it is known what happened"],
  ["ALLOW_POSSIBLE_DUPLICATE", "Send through another: it may arrive twice"],
] as const satisfies readonly (readonly [DuplicatePolicy, string])[];

export function Send() {
  const [to, setTo] = useState(settings.development ? "+421901000000" : "");
  const [text, setText] = useState("");
  const [providerId, setProvider] = useState("");
  const [from, setFrom] = useState("");
  const [sentId, setSentId] = useState<string>();
  const [problem, setProblem] = useState<string>();
  const [{ fetching }, send] = useMutation(SendMessageDocument);
  const [{ data }] = useQuery({ query: ProviderNamesDocument, context: ofProviders });
  // Sent again after a lost answer, the same key brings the same message instead of a second one.
  const idempotencyKey = useMemo(() => crypto.randomUUID(), [to, text, providerId, from, sentId]);
  const settled = useSettled({ to: to.trim(), text, providerId, from: from.trim() });

  async function submit(event: SubmitEvent<HTMLFormElement>): Promise<void> {
    event.preventDefault();
    const { scheduledAt, clientRef, flash, priority, validity, encoding, duplicates } = readForm(
      event.currentTarget,
    );
    const input = {
      to,
      text,
      clientRef,
      idempotencyKey,
      from: from.trim() || undefined,
      providerId: providerId || undefined,
      scheduledAt: toInstant(scheduledAt),
      flash: flash === undefined ? undefined : true,
      priority: priority as MessagePriority,
      encoding: encoding as TextEncodingChoice,
      duplicatePolicy: duplicates as DuplicatePolicy,
      validityMinutes: validity === undefined ? undefined : Number(validity),
    };
    const answer = await send({ input });
    const result = answer.data?.sendMessage;
    setProblem(problemOf(answer));
    if (result && "id" in result) setSentId(result.id);
  }

  return (
    <Page title="Send a message">
      <div className="grid">
        <form className="card stack half" onSubmit={(event) => void submit(event)}>
          <Input
            label="To"
            type="tel"
            required
            value={to}
            onChange={({ target }) => setTo(target.value)}
            placeholder="+421 901 000 000"
            hint="In international form."
          />
          {settings.development && <Scenarios to={to} onChange={setTo} />}
          <TextArea label="Text" required value={text} onChange={({ target }) => setText(target.value)} />
          <Segments text={settled.text} onRewrite={setText} />
          <div className="fields">
            <Select
              label="Provider"
              value={providerId}
              onChange={({ target }) => setProvider(target.value)}
              options={[
                ["", "Routed"],
                ...(data?.providers ?? []).map(({ id, name }) => [id, name] as const),
              ]}
            />
            <Input
              label="From"
              value={from}
              onChange={({ target }) => setFrom(target.value)}
              placeholder="The provider's default"
            />
            <Input label="Send at" name="scheduledAt" type="datetime-local" hint="Empty: at once." />
            <Input label="Reference" name="clientRef" placeholder="Your own" />
          </div>
          <details>
            <summary>More</summary>
            <div className="fields inner">
              <Select label="Priority" name="priority" options={priorities} />
              <Select label="Encoding" name="encoding" options={encodings} />
              <Select label="If a provider does not answer" name="duplicates" options={duplicatePolicies} />
              <Input
                label="Minutes that it is valid"
                name="validity"
                type="number"
                min="1"
                placeholder="The provider's default"
              />
            </div>
          </details>
          <Checkbox label="Show it at once and do not store it (flash)" name="flash" />
          <Problem>{problem}</Problem>
          <button className="button primary" disabled={fetching}>
            Send
          </button>
        </form>
        <div className="column half">
          <Card title="Price by provider">
            <Prices {...settled} />
          </Card>
        </div>
        {sentId && (
          <section aria-label="The sent message">
            <MessageView key={sentId} id={sentId} />
          </section>
        )}
      </div>
    </Page>
  );
}
