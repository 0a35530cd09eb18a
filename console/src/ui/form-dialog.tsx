import { useState, type ReactNode } from "react";
import { Dialog, DialogClose } from "./dialog.tsx";
import { readForm } from "./field.tsx";
import { Problem } from "./problem.tsx";

interface FormDialogProps {
  title: string;
  /** What the button says that opens it. */
  action: string;
  /** What the button says that does it. */
  submit?: string;
  cancel?: string;
  isSmall?: boolean;
  /** Whether it cannot be taken back. */
  isDanger?: boolean;
  /** @returns why it was not done; undefined closes the dialog */
  onSubmit: (form: Record<string, string>) => Promise<string | undefined>;
  children: ReactNode;
}

/** A button that asks for something in a dialog, which stays until it is done. */
export function FormDialog({
  title,
  action,
  submit = action,
  cancel = "Cancel",
  isSmall = false,
  isDanger = false,
  onSubmit,
  children,
}: FormDialogProps) {
  const [isOpen, setOpen] = useState(false);
  const [problem, setProblem] = useState<string>();
  const [isBusy, setBusy] = useState(false);

  async function run(form: Record<string, string>): Promise<void> {
    setBusy(true);
    const refusal = await onSubmit(form);
    setBusy(false);
    setProblem(refusal);
    if (refusal === undefined) setOpen(false);
  }

  return (
    <Dialog
      title={title}
      trigger={
        <button type="button" className={`button ${isSmall ? "small" : ""}`}>
          {action}
        </button>
      }
      open={isOpen}
      onOpenChange={(open) => {
        setOpen(open);
        setProblem(undefined);
      }}
    >
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          void run(readForm(event.currentTarget));
        }}
      >
        {children}
        <Problem>{problem}</Problem>
        <div className="dialog-actions">
          <DialogClose>{cancel}</DialogClose>
          <button className={`button ${isDanger ? "danger" : "primary"}`} disabled={isBusy}>
            {submit}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
