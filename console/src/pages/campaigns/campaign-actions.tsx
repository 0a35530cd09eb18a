import { useState } from "react";
import { useMutation } from "urql";
import {
  CancelCampaignDocument,
  PauseCampaignDocument,
  ResumeCampaignDocument,
  type CampaignQuery,
} from "../../gql/graphql.ts";
import { problemOf, type Answer } from "../../answer.ts";
import { saveFile } from "../../files.ts";
import { useMay, useSession } from "../../session.tsx";
import { Confirm } from "../../ui/dialog.tsx";
import { Problem } from "../../ui/problem.tsx";
import { ChangeCampaign } from "./change-campaign.tsx";
import { countRetried, Retry } from "./retry.tsx";
import { TestCampaign } from "./test-campaign.tsx";

type Details = NonNullable<CampaignQuery["campaign"]>;

export function CampaignActions({ campaign }: { campaign: Details }) {
  const { id, status } = campaign;
  const [, pause] = useMutation(PauseCampaignDocument);
  const [, resume] = useMutation(ResumeCampaignDocument);
  const [, cancel] = useMutation(CancelCampaignDocument);
  const [problem, setProblem] = useState<string>();
  const [mayChange, mayExport] = [useMay("CAMPAIGNS"), useMay("READ")];
  const isUnderWay = status === "RUNNING" || status === "SCHEDULED";
  const isOpen = isUnderWay || status === "PAUSED";

  const change = async (asked: Promise<Answer>): Promise<void> => setProblem(problemOf(await asked));

  return (
    <>
      <Problem>{problem}</Problem>
      {mayChange && isUnderWay && (
        <button type="button" className="button" onClick={() => void change(pause({ id }))}>
          Pause
        </button>
      )}
      {mayChange && status === "PAUSED" && (
        <button type="button" className="button primary" onClick={() => void change(resume({ id }))}>
          Resume
        </button>
      )}
      {mayChange && isOpen && nothingSubmitted(campaign) && <ChangeCampaign campaign={campaign} />}
      {mayChange && isOpen && <TestCampaign id={id} />}
      {mayChange && isOpen && (
        <Confirm
          action="Cancel campaign"
          title="Cancel this campaign?"
          onConfirm={() => void change(cancel({ id }))}
        >
          Every message that was not submitted is cancelled for good.
        </Confirm>
      )}
      {mayChange && !isOpen && countRetried(campaign) > 0 && <Retry campaign={campaign} />}
      {mayExport && <Export campaign={campaign} onProblem={setProblem} />}
    </>
  );
}

/** Only then it can be changed. */
const nothingSubmitted = ({ status, counts }: Details): boolean =>
  status === "SCHEDULED" ||
  (status === "PAUSED" && counts.total === counts.scheduled + counts.queued + counts.cancelled);

function Export({ campaign, onProblem }: { campaign: Details; onProblem: (problem: string) => void }) {
  const { key } = useSession();
  const { name, messagesCsvPath } = campaign;

  async function save(): Promise<void> {
    const response = await fetch(messagesCsvPath, { headers: { authorization: `Bearer ${key}` } });
    if (response.ok) return saveFile(await response.blob(), `${name}.csv`);
    const { errors } = (await response.json()) as { errors: { message: string }[] };
    onProblem(errors[0]?.message ?? "The file could not be made.");
  }

  return (
    <button type="button" className="button" onClick={() => void save()}>
      Export
    </button>
  );
}
