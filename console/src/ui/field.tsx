import {
  useId,
  type InputHTMLAttributes,
  type ReactNode,
  type Ref,
  type SelectHTMLAttributes,
  type TextareaHTMLAttributes,
} from "react";

/** What a control needs to be named and described. */
interface ControlProps {
  id: string;
  "aria-describedby": string | undefined;
}

interface FieldProps {
  label: string;
  hint?: ReactNode;
}

function Field({ label, hint, children }: FieldProps & { children: (control: ControlProps) => ReactNode }) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {children({ id, "aria-describedby": hint ? `${id}-hint` : undefined })}
      {hint && <small id={`${id}-hint`}>{hint}</small>}
    </div>
  );
}

export const Input = ({ label, hint, ...rest }: FieldProps & InputHTMLAttributes<HTMLInputElement>) => (
  <Field label={label} hint={hint}>
    {(control) => <input autoComplete="off" {...control} {...rest} />}
  </Field>
);

interface TextAreaProps extends FieldProps, TextareaHTMLAttributes<HTMLTextAreaElement> {
  ref?: Ref<HTMLTextAreaElement>;
}

export const TextArea = ({ label, hint, ...rest }: TextAreaProps) => (
  <Field label={label} hint={hint}>
    {(control) => <textarea {...control} {...rest} />}
  </Field>
);

interface SelectProps extends FieldProps, SelectHTMLAttributes<HTMLSelectElement> {
  /** Values and what is shown for them. */
  options: readonly (readonly [string, string])[];
}

export const Select = ({ label, hint, options, ...rest }: SelectProps) => (
  <Field label={label} hint={hint}>
    {(control) => (
      <select {...control} {...rest}>
        {options.map(([value, text]) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
    )}
  </Field>
);

interface CheckboxProps extends InputHTMLAttributes<HTMLInputElement> {
  label: string;
}

export const Checkbox = ({ label, ...rest }: CheckboxProps) => (
  <label className="checkbox">
    <input type="checkbox" {...rest} />
    <span>{label}</span>
  </label>
);

/** The texts of a form by name, without the empty ones. */
export function readForm(form: HTMLFormElement): Record<string, string> {
  const entries = [...new FormData(form)].flatMap(([name, value]) =>
    typeof value === "string" && value.trim() !== "" ? [[name, value.trim()] as const] : [],
  );
  return Object.fromEntries(entries);
}

/** A local time of an `<input type="datetime-local">` as the API takes it. */
export const toInstant = (local: string | undefined): string | undefined =>
  local ? new Date(local).toISOString() : undefined;

/** An instant as `<input type="datetime-local">` has it, in the viewer's zone. */
export function toLocal(instant: string | undefined): string {
  if (!instant) return "";
  const date = new Date(instant);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
