import type { MessageEventFilter } from "../../gql/graphql.ts";
import { ProviderField } from "../../search-form.tsx";
import { useMay } from "../../session.tsx";
import { Checkbox, Input, Select } from "../../ui/field.tsx";
import { inWords, messageStatuses } from "../../ui/status.tsx";
import { listIn } from "../../ui/words.ts";
import type { WebhookDetails } from "./webhook.tsx";

type Known = Pick<WebhookDetails, "name" | "url" | "batchSize" | "withoutTexts" | "filter" | "stream">;
type Form = Readonly<Record<string, string>>;

const statusField = "status ";

/** Fields for an endpoint and what it is sent. */
export const WebhookFields = ({ webhook }: { webhook?: Known }) => (
  <>
    <Input label="Name" name="name" required maxLength={100} defaultValue={webhook?.name} />
    <Input
      label="Address"
      name="url"
      type="url"
      required
      defaultValue={webhook?.url}
      placeholder="https://example.com/sms-events"
    />
    {!webhook && <Stream />}
    <Input
      label="Most events in one request"
      name="batchSize"
      type="number"
      min="1"
      max="100"
      defaultValue={webhook?.batchSize ?? 1}
    />
    {webhook?.stream !== "AUDIT" && <EventFields webhook={webhook} />}
  </>
);

/** It cannot be changed later: the two have places of their own in their streams. */
const Stream = () =>
  useMay("ADMIN") ? (
    <Select
      label="What it delivers"
      name="stream"
      options={[
        ["MESSAGES", "Events of messages"],
        ["AUDIT", "The audit log: who changed what"],
      ]}
      hint="Conditions and texts are only about messages."
    />
  ) : null;

/** Which events of messages. */
const EventFields = ({ webhook }: { webhook: Known | undefined }) => (
  <>
    <Checkbox
      label="Leave out the texts of messages"
      name="withoutTexts"
      defaultChecked={webhook?.withoutTexts ?? false}
    />
    <details>
      <summary>Only some events of messages</summary>
      <div className="stack inner">
        <FilterFields filter={webhook?.filter} />
      </div>
    </details>
  </>
);

function FilterFields({ filter }: { filter: Known["filter"] | undefined }) {
  const mayRead = useMay("READ");
  return (
    <>
      <div className="fields">
        {mayRead ? (
          <ProviderField chosen={filter?.providerId ?? undefined} />
        ) : (
          <Input
            label="Provider"
            name="provider"
            defaultValue={filter?.providerId ?? ""}
            placeholder="Its id"
          />
        )}
        <Input
          label="Campaign"
          name="campaign"
          defaultValue={filter?.campaignId ?? ""}
          placeholder="Its id"
        />
        <Input
          label="Countries"
          name="countries"
          defaultValue={filter?.country?.join(", ")}
          placeholder="SK, CZ"
        />
        <Input
          label="References that begin with"
          name="prefix"
          defaultValue={filter?.clientRefPrefix ?? ""}
        />
      </div>
      <fieldset>
        <legend>Statuses (none chosen: all)</legend>
        <div className="fields">
          {messageStatuses.map((status) => (
            <Checkbox
              key={status}
              label={inWords(status)}
              name={`${statusField}${status}`}
              defaultChecked={filter?.status?.includes(status) ?? false}
            />
          ))}
        </div>
      </fieldset>
    </>
  );
}

/** What a form says that has been read. */
export const readWebhook = (form: Form) => ({
  name: form["name"] ?? "",
  url: form["url"] ?? "",
  batchSize: Number(form["batchSize"] ?? 1),
});

/** The same of what only webhooks with events of messages have. */
export const readEvents = (form: Form, known?: Known) => ({
  withoutTexts: form["withoutTexts"] !== undefined,
  // Messages one by one are for programs to choose: what they chose is kept.
  filter: { ...filterIn(form), messageIds: known?.filter.messageIds ?? undefined },
});

function filterIn(form: Form): MessageEventFilter {
  const status = messageStatuses.filter((each) => form[`${statusField}${each}`] !== undefined);
  return {
    providerId: form["provider"],
    campaignId: form["campaign"],
    country: listIn(form["countries"]),
    clientRefPrefix: form["prefix"],
    status: status.length > 0 ? status : undefined,
  };
}
