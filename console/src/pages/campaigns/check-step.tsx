import { useNavigate } from "@tanstack/react-router";
import { useEffect, useMemo, useState } from "react";
import { useMutation } from "urql";
import { CreateCampaignDocument, type CreateCampaignMutation } from "../../gql/graphql.ts";
import { problemOf } from "../../answer.ts";
import { Loading } from "../../ui/empty.tsx";
import { formatCount, Sums } from "../../ui/money.tsx";
import { PhoneNumber } from "../../ui/number.tsx";
import { Card, Table } from "../../ui/page.tsx";
import { Problem } from "../../ui/problem.tsx";
import { toInput, type Draft } from "./draft.ts";
import type { StepProps } from "./new-campaign.tsx";
import { FirstOf, RefusedRows, useRefusedOfDraft } from "./refused-rows.tsx";

type Result = CreateCampaignMutation["createCampaign"];
type Preview = Extract<Result, { __typename: "CampaignPreview" }>;

/** The dry run: everything is checked and counted by the server, and nothing is stored. */
export function CheckStep({ draft, onBack }: StepProps) {
  const [checked, setChecked] = useState<Result>();
  const [problem, setProblem] = useState<string>();
  const [{ fetching }, create] = useMutation(CreateCampaignDocument);
  const navigate = useNavigate();
  // Pressed twice, or after a lost answer, it is still one campaign.
  const idempotencyKey = useMemo(() => crypto.randomUUID(), []);

  async function ask(more: { dryRun: true } | { idempotencyKey: string }): Promise<Result | undefined> {
    if (!draft.file) return undefined;
    const { data, error } = await create({ input: { ...toInput(draft), ...more } });
    const result = data?.createCampaign;
    setProblem(problemOf({ data, error }));
    return result;
  }

  async function start(): Promise<void> {
    const result = await ask({ idempotencyKey });
    if (result?.__typename === "Campaign")
      await navigate({ to: "/campaigns/$id", params: { id: result.id } });
  }

  useEffect(() => void ask({ dryRun: true }).then(setChecked), []);
  const preview = checked?.__typename === "CampaignPreview" ? checked : undefined;
  return (
    <div className="column">
      <Problem>{problem}</Problem>
      {!checked && !problem && <Loading />}
      {preview && <PreviewCards preview={preview} />}
      {preview && preview.refusedCount > 0 && <RefusedCard preview={preview} draft={draft} />}
      {preview && <Duplicates preview={preview} />}
      <div className="row">
        <button type="button" className="button" onClick={onBack}>
          Back
        </button>
        <button
          type="button"
          className="button primary"
          disabled={!preview?.total || fetching}
          onClick={() => void start()}
        >
          {preview ? `Send ${formatCount(preview.total)} messages` : "Send"}
        </button>
      </div>
    </div>
  );
}

function PreviewCards({ preview }: { preview: Preview }) {
  const tiles = [
    ["Messages", formatCount(preview.total)],
    ["Segments", formatCount(preview.segments)],
    ["Cost", <Sums values={preview.estimatedCost} none="No rates" />],
    ["Refused rows", formatCount(preview.refusedCount)],
    ["Of them opted out", formatCount(preview.suppressedCount)],
    ["Repeated numbers", formatCount(preview.duplicatesRemoved)],
  ] as const;
  return (
    <>
      <dl className="card tiles">
        {tiles.map(([title, value]) => (
          <div key={title} className="tile">
            <dt>{title}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {preview.file && (
        <p className="quiet small">
          {formatCount(preview.file.rows)} rows{" "}
          {preview.file.sheet ? `of the sheet “${preview.file.sheet}”` : `in ${preview.file.encoding}`} were
          read.
        </p>
      )}
      {preview.spendingCapError && <Problem>{preview.spendingCapError.message}</Problem>}
      {preview.warnings.map((warning) => (
        <p key={warning} className="note">
          {warning}
        </p>
      ))}
      <div className="grid">
        <Card title="As they will be sent" className="half">
          <ul className="stack">
            {preview.messages.map(({ to, text, segments, encoding }) => (
              <li key={to} className="stack-tight">
                <span className="row small">
                  <PhoneNumber value={to} />
                  <span className="quiet">
                    {segments} × {encoding === "GSM7" ? "GSM-7" : "UCS-2"}
                  </span>
                </span>
                <p className="bubble">{text}</p>
              </li>
            ))}
          </ul>
        </Card>
        <Card title="By country" className="half">
          <Table label="By country" heads={["Country", "Messages", "Segments", "Cost"]}>
            {preview.countries.map(({ country, recipients, segments, estimatedCost }) => (
              <tr key={country ?? ""}>
                <td>{country ?? "Not known"}</td>
                <td className="figure">{formatCount(recipients)}</td>
                <td className="figure">{formatCount(segments)}</td>
                <td>
                  <Sums values={estimatedCost} none="No rate" />
                </td>
              </tr>
            ))}
          </Table>
        </Card>
      </div>
    </>
  );
}

function RefusedCard({ preview, draft }: { preview: Preview; draft: Draft }) {
  const { refusedCount, refusedRecipients } = preview;
  const { download, problem } = useRefusedOfDraft(draft);
  return (
    <Card
      title="Refused rows"
      actions={
        <button type="button" className="button small" onClick={download}>
          Download all {formatCount(refusedCount)}
        </button>
      }
    >
      <Problem>{problem}</Problem>
      <RefusedRows rows={refusedRecipients.edges.map(({ node }) => node)} count={refusedCount} />
    </Card>
  );
}

function Duplicates({ preview: { duplicateRecipients, duplicatesRemoved } }: { preview: Preview }) {
  if (duplicateRecipients.length === 0) return null;
  return (
    <Card title="Repeated numbers, left out">
      <Table label="Repeated numbers" heads={["Row", "To"]}>
        {duplicateRecipients.map(({ row, to }) => (
          <tr key={row}>
            <td className="figure">{row}</td>
            <td>
              <PhoneNumber value={to} />
            </td>
          </tr>
        ))}
      </Table>
      <FirstOf shown={duplicateRecipients.length} count={duplicatesRemoved} />
    </Card>
  );
}
