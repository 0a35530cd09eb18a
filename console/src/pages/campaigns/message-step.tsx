import { useRef } from "react";
import { useQuery } from "../../query.ts";
import { ProviderNamesDocument, type MessagePriority } from "../../gql/graphql.ts";
import { ofProviders } from "../../lists.ts";
import { Checkbox, Input, Select, TextArea } from "../../ui/field.tsx";
import { Card } from "../../ui/page.tsx";
import { priorities } from "../../ui/priorities.ts";
import { Segments } from "../send/segments.tsx";
import { useSettled } from "../send/settled.ts";
import { placeholdersOf } from "./read-file.ts";
import type { StepProps } from "./new-campaign.tsx";

export function MessageStep({ draft, onChange, onNext, onBack }: StepProps) {
  const settled = useSettled({ text: draft.text });
  const canGoOn = draft.name.trim() !== "" && draft.text.trim() !== "";
  return (
    <form
      className="column"
      onSubmit={(event) => {
        event.preventDefault();
        onNext();
      }}
    >
      <Card title="Message">
        <div className="stack">
          <Input
            label="Name"
            required
            value={draft.name}
            onChange={({ target }) => onChange({ name: target.value })}
            hint="Only you see it."
          />
          <TextField draft={draft} onChange={onChange} />
          <Segments text={settled.text} onRewrite={(text) => onChange({ text })} />
        </div>
      </Card>
      <Options draft={draft} onChange={onChange} />
      <div className="row">
        <button type="button" className="button" onClick={onBack}>
          Back
        </button>
        <button className="button primary" disabled={!canGoOn}>
          Check
        </button>
      </div>
    </form>
  );
}

type PartProps = Pick<StepProps, "draft" | "onChange">;

function TextField({ draft: { text, mapping }, onChange }: PartProps) {
  const field = useRef<HTMLTextAreaElement>(null);
  const insert = (name: string): void => {
    const { selectionStart: from = text.length, selectionEnd: to = text.length } = field.current ?? {};
    onChange({ text: `${text.slice(0, from)}{{${name}}}${text.slice(to)}` });
    field.current?.focus();
  };
  const names = mapping ? placeholdersOf(mapping) : [];
  return (
    <>
      <TextArea
        label="Text"
        ref={field}
        required
        value={text}
        onChange={({ target }) => onChange({ text: target.value })}
      />
      {names.length > 0 && (
        <div className="row">
          <span className="quiet small">Put in a value:</span>
          {names.map((name) => (
            <button key={name} type="button" className="button small" onClick={() => insert(name)}>
              {`{{${name}}}`}
            </button>
          ))}
        </div>
      )}
    </>
  );
}

function Options({ draft, onChange }: PartProps) {
  const [{ data }] = useQuery({ query: ProviderNamesDocument, context: ofProviders });
  return (
    <Card title="Sending">
      <div className="fields">
        <Input
          label="From"
          value={draft.from}
          placeholder="The provider's default"
          onChange={({ target }) => onChange({ from: target.value })}
        />
        <Select
          label="Provider"
          value={draft.providerId}
          onChange={({ target }) => onChange({ providerId: target.value })}
          options={[["", "Routed"], ...(data?.providers ?? []).map(({ id, name }) => [id, name] as const)]}
        />
        <Input
          label="Start at"
          type="datetime-local"
          value={draft.scheduledAt}
          hint="Empty: at once."
          onChange={({ target }) => onChange({ scheduledAt: target.value })}
        />
        <Input
          label="End at"
          type="datetime-local"
          value={draft.endsAt}
          hint="What is left then is cancelled."
          onChange={({ target }) => onChange({ endsAt: target.value })}
        />
        <Input
          label="Most per second"
          type="number"
          min="0"
          step="any"
          value={draft.perSecond}
          placeholder="No limit"
          onChange={({ target }) => onChange({ perSecond: target.value })}
        />
        <Input
          label="Not before"
          type="time"
          value={draft.windowStart}
          hint="In the recipient's own time."
          onChange={({ target }) => onChange({ windowStart: target.value })}
        />
        <Input
          label="Not after"
          type="time"
          value={draft.windowEnd}
          onChange={({ target }) => onChange({ windowEnd: target.value })}
        />
        <Checkbox
          label="Only from Monday to Friday"
          checked={draft.weekdaysOnly}
          onChange={({ target }) => onChange({ weekdaysOnly: target.checked })}
        />
        <Checkbox
          label="Not on public holidays"
          checked={draft.observesHolidays}
          onChange={({ target }) => onChange({ observesHolidays: target.checked })}
        />
        <Input
          label="Time zone if not known"
          value={draft.timeZone}
          onChange={({ target }) => onChange({ timeZone: target.value })}
        />
        <Select
          label="Priority"
          value={draft.priority}
          onChange={({ target }) => onChange({ priority: target.value as MessagePriority })}
          options={priorities}
        />
      </div>
    </Card>
  );
}
