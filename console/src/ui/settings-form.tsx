import { useState, type ReactNode, type SubmitEvent } from "react";
import { readForm } from "./field.tsx";
import { Problem } from "./problem.tsx";

interface SettingsFormProps {
  /** @returns why it was not saved; undefined when it was */
  onSubmit: (form: Record<string, string>) => Promise<string | undefined>;
  children: ReactNode;
}

/** Settings that stay on the page, with a button that saves them and says whether it did. */
export function SettingsForm({ onSubmit, children }: SettingsFormProps) {
  const [said, setSaid] = useState<{ problem?: string | undefined; isDone?: boolean }>({});
  const [isBusy, setBusy] = useState(false);

  async function submit(event: SubmitEvent<HTMLFormElement>): Promise<void> {
    event.preventDefault();
    setBusy(true);
    const problem = await onSubmit(readForm(event.currentTarget));
    setBusy(false);
    setSaid({ problem, isDone: problem === undefined });
  }

  return (
    <form className="stack" onSubmit={(event) => void submit(event)}>
      {children}
      <Problem>{said.problem}</Problem>
      <div className="row">
        <button className="button" disabled={isBusy}>
          Save
        </button>
        {said.isDone && (
          <span className="quiet" role="status">
            Saved
          </span>
        )}
      </div>
    </form>
  );
}
