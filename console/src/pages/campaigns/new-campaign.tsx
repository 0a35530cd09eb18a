import { useState } from "react";
import { Page } from "../../ui/page.tsx";
import { CheckStep } from "./check-step.tsx";
import { emptyDraft, type Draft } from "./draft.ts";
import { MessageStep } from "./message-step.tsx";
import { RecipientsStep } from "./recipients-step.tsx";

export interface StepProps {
  draft: Draft;
  onChange: (change: Partial<Draft>) => void;
  onNext: () => void;
  onBack: () => void;
}

const steps = [
  { name: "Recipients", Step: RecipientsStep },
  { name: "Message", Step: MessageStep },
  { name: "Check and start", Step: CheckStep },
] as const;

export function NewCampaign() {
  const [draft, setDraft] = useState<Draft>(emptyDraft);
  const [index, setIndex] = useState(0);
  const change = (more: Partial<Draft>): void => setDraft((known) => ({ ...known, ...more }));
  const { Step } = steps[index] ?? steps[0];
  return (
    <Page title="New campaign">
      <ol className="steps" aria-label="Steps">
        {steps.map(({ name }, at) => (
          <li
            key={name}
            aria-current={at === index ? "step" : undefined}
            className={at < index ? "done-step" : ""}
          >
            {name}
          </li>
        ))}
      </ol>
      <Step
        draft={draft}
        onChange={change}
        onNext={() => setIndex(index + 1)}
        onBack={() => setIndex(Math.max(0, index - 1))}
      />
    </Page>
  );
}
