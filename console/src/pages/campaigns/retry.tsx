import { useNavigate } from "@tanstack/react-router";
import { useMemo, useState, type SubmitEvent } from "react";
import { useMutation } from "urql";
import { problemOf } from "../../answer.ts";
import {
  RetryCampaignDocument,
  type CampaignQuery,
  type MessageStatus,
  type RetryCampaignMutation,
} from "../../gql/graphql.ts";
import { Dialog, DialogClose } from "../../ui/dialog.tsx";
import { Checkbox, Input, readForm, toInstant } from "../../ui/field.tsx";
import { formatCount, Sums } from "../../ui/money.tsx";
import { Facts } from "../../ui/page.tsx";
import { Problem } from "../../ui/problem.tsx";
import { inWords } from "../../ui/status.tsx";

type Details = NonNullable<CampaignQuery["campaign"]>;
type Preview = Extract<RetryCampaignMutation["retryCampaign"], { __typename: "CampaignPreview" }>;

/** What can be sent again, and whether that is meant when nothing else is said. */
const statuses = [
  ["undelivered", "UNDELIVERED", true],
  ["expired", "EXPIRED", true],
  ["rejected", "REJECTED", true],
  ["failed", "FAILED", true],
  ["cancelled", "CANCELLED", false],
] as const satisfies readonly (readonly [keyof Details["counts"], MessageStatus, boolean])[];

export const countRetried = ({ counts }: Details): number =>
  statuses.reduce((sum, [name]) => sum + counts[name], 0);

/** Another campaign of those whose message did not arrive, with the texts as they were sent. */
export function Retry({ campaign }: { campaign: Details }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <Dialog
      title="Send again to the failed"
      trigger={
        <button type="button" className="button">
          Send again to the failed
        </button>
      }
      open={isOpen}
      onOpenChange={setOpen}
    >
      <RetryForm campaign={campaign} />
    </Dialog>
  );
}

function RetryForm({ campaign: { id, name, counts } }: { campaign: Details }) {
  const [preview, setPreview] = useState<Preview>();
  const [problem, setProblem] = useState<string>();
  const [{ fetching }, retry] = useMutation(RetryCampaignDocument);
  const navigate = useNavigate();
  // Pressed twice, or after a lost answer, it is still one campaign.
  const idempotencyKey = useMemo(() => crypto.randomUUID(), []);
  const offered = statuses.filter(([count]) => counts[count] > 0);

  async function submit(event: SubmitEvent<HTMLFormElement>): Promise<void> {
    event.preventDefault();
    const form = readForm(event.currentTarget);
    const answer = await retry({
      input: {
        id,
        name: form["name"],
        scheduledAt: toInstant(form["scheduledAt"]),
        status: offered.flatMap(([, status]) => (form[status] === undefined ? [] : [status])),
        ...(preview ? { idempotencyKey } : { dryRun: true }),
      },
    });
    const result = answer.data?.retryCampaign;
    setProblem(problemOf(answer));
    if (result?.__typename === "CampaignPreview") setPreview(result);
    if (result?.__typename === "Campaign")
      await navigate({ to: "/campaigns/$id", params: { id: result.id } });
  }

  return (
    <form
      className="stack"
      onSubmit={(event) => void submit(event)}
      onChange={() => {
        setPreview(undefined);
        setProblem(undefined);
      }}
    >
      <p className="quiet">
        A new campaign, with each text as it was sent. Numbers that opted out meanwhile are left out.
      </p>
      <fieldset className="stack-tight">
        <legend>Which messages</legend>
        {offered.map(([count, status, isMeant]) => (
          <Checkbox
            key={status}
            name={status}
            defaultChecked={isMeant}
            label={`${inWords(status)} (${formatCount(counts[count])})`}
          />
        ))}
      </fieldset>
      <Input label="Name" name="name" maxLength={255} defaultValue={`${name}, again`} />
      <Input label="Start at" name="scheduledAt" type="datetime-local" hint="Empty: at once." />
      {preview && (
        <Facts
          entries={[
            ["Messages", formatCount(preview.total)],
            ["Segments", formatCount(preview.segments)],
            ["Cost", <Sums values={preview.estimatedCost} none="No rates" />],
            ["Left out", formatCount(preview.refusedCount)],
          ]}
        />
      )}
      <Problem>{problem ?? preview?.spendingCapError?.message}</Problem>
      <div className="dialog-actions">
        <DialogClose>Cancel</DialogClose>
        <button className="button primary" disabled={fetching}>
          {preview ? `Send ${formatCount(preview.total)} messages` : "Check"}
        </button>
      </div>
    </form>
  );
}
