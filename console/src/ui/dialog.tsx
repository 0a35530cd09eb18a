import { Dialog as Base } from "@base-ui/react/dialog";
import type { ReactElement, ReactNode } from "react";

interface DialogProps {
  title: string;
  /** The button that opens it. */
  trigger?: ReactElement;
  open?: boolean;
  onOpenChange?: (open: boolean) => void;
  children: ReactNode;
}

export const Dialog = ({ title, trigger, open, onOpenChange, children }: DialogProps) => (
  <Base.Root {...(open !== undefined && { open })} onOpenChange={(next) => onOpenChange?.(next)}>
    {trigger && <Base.Trigger render={trigger} />}
    <Base.Portal>
      <Base.Backdrop className="backdrop" />
      <Base.Popup className="dialog">
        <Base.Title className="dialog-title">{title}</Base.Title>
        {children}
      </Base.Popup>
    </Base.Portal>
  </Base.Root>
);

/** Closes the dialog around it. */
export const DialogClose = ({ children }: { children: ReactNode }) => (
  <Base.Close className="button">{children}</Base.Close>
);

interface ConfirmProps {
  /** What the button says, and what is done. */
  action: string;
  title: string;
  danger?: boolean;
  disabled?: boolean;
  small?: boolean;
  onConfirm: () => void;
  children: ReactNode;
}

/** A button that asks before it does what cannot be taken back. */
export const Confirm = ({
  action,
  title,
  danger = true,
  disabled = false,
  small = false,
  onConfirm,
  children,
}: ConfirmProps) => (
  <Dialog
    title={title}
    trigger={
      <button type="button" className={`button ${small ? "small" : ""}`} disabled={disabled}>
        {action}
      </button>
    }
  >
    <div>{children}</div>
    <div className="dialog-actions">
      <DialogClose>Keep it as it is</DialogClose>
      <Base.Close className={`button ${danger ? "danger" : "primary"}`} onClick={onConfirm}>
        {action}
      </Base.Close>
    </div>
  </Dialog>
);
