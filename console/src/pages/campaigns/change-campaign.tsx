import { useMutation } from "urql";
import { problemOf } from "../../answer.ts";
import {
  UpdateCampaignDocument,
  type CampaignQuery,
  type MessagePriority,
  type UpdateCampaignInput,
} from "../../gql/graphql.ts";
import { Checkbox, Input, Select, TextArea, toInstant, toLocal } from "../../ui/field.tsx";
import { FormDialog } from "../../ui/form-dialog.tsx";
import { toWindow } from "./draft.ts";
import { priorities } from "../../ui/priorities.ts";

type Details = NonNullable<CampaignQuery["campaign"]>;

/** Of a campaign of which nothing was submitted yet. */
export function ChangeCampaign({ campaign }: { campaign: Details }) {
  const { name, text, scheduledAt, endsAt, messagesPerSecondLimit, priority, timeZone, sendWindow } =
    campaign;
  const [, update] = useMutation(UpdateCampaignDocument);
  return (
    <FormDialog
      title={`Change ${name}`}
      action="Change"
      submit="Save"
      onSubmit={async (form) => problemOf(await update({ input: changesIn(form, campaign) }))}
    >
      <Input label="Name" name="name" required maxLength={255} defaultValue={name} />
      <TextArea
        label="Text"
        name="text"
        rows={4}
        required
        defaultValue={text}
        hint="A new one is filled in and priced for every recipient first. If one of them lacks a value, nothing changes."
      />
      <div className="fields">
        <Input
          label="Start at"
          name="scheduledAt"
          type="datetime-local"
          defaultValue={toLocal(scheduledAt ?? undefined)}
          hint="Empty: at once."
        />
        <Input
          label="End at"
          name="endsAt"
          type="datetime-local"
          defaultValue={toLocal(endsAt ?? undefined)}
          hint="What is left then is cancelled."
        />
        <Input
          label="Most per second"
          name="perSecond"
          type="number"
          min="0"
          step="any"
          placeholder="No limit"
          defaultValue={messagesPerSecondLimit ?? ""}
        />
        <Select label="Priority" name="priority" options={priorities} defaultValue={priority} />
        <Input label="Not before" name="windowStart" type="time" defaultValue={sendWindow?.start ?? ""} />
        <Input
          label="Not after"
          name="windowEnd"
          type="time"
          defaultValue={sendWindow?.end ?? ""}
          hint="In the recipient's own time. Empty: any hour."
        />
        <Input label="Time zone if not known" name="timeZone" defaultValue={timeZone ?? ""} />
      </div>
      <Checkbox
        label="Only from Monday to Friday"
        name="weekdaysOnly"
        defaultChecked={sendWindow?.days != null}
      />
      <Checkbox
        label="Not on public holidays of the recipient's country"
        name="observeHolidays"
        defaultChecked={sendWindow?.observeHolidays ?? false}
      />
    </FormDialog>
  );
}

/** As a field of a form gives it back. */
const asEdited = (text: string): string => text.replaceAll("\r\n", "\n").trim();

function changesIn(
  form: Readonly<Record<string, string>>,
  { id, version, text, sendWindow }: Details,
): UpdateCampaignInput {
  const { name, scheduledAt, endsAt, perSecond, priority, windowStart = "", windowEnd = "", timeZone } = form;
  const hours = {
    windowStart,
    windowEnd,
    weekdaysOnly: form["weekdaysOnly"] !== undefined,
    observesHolidays: form["observeHolidays"] !== undefined,
  };
  return {
    id,
    version,
    name,
    // The same text is none: values are not needed then.
    ...(form["text"] !== asEdited(text) && { text: form["text"] }),
    scheduledAt: toInstant(scheduledAt) ?? null,
    endsAt: toInstant(endsAt) ?? null,
    messagesPerSecond: perSecond === undefined ? null : Number(perSecond),
    priority: priority as MessagePriority,
    timeZone,
    // Other days than those of a week of work only a program chooses: they stay.
    sendWindow: toWindow(hours, sendWindow?.days ?? undefined) ?? null,
  };
}
