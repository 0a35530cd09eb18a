import { Input, Select } from "../../ui/field.tsx";
import type { KindField } from "./kinds.ts";

interface KindFieldsProps {
  fields: readonly KindField[];
  /** Whether what is left empty stays as it is: the API does not show credentials again. */
  keeps?: boolean;
}

export const KindFields = ({ fields, keeps = false }: KindFieldsProps) => (
  <div className="fields">
    {fields.map(({ name, label, type, options, required = false, hint }) =>
      options ? (
        <Select
          key={name}
          label={label}
          name={name}
          options={keeps ? [["", "As it is"], ...options] : options}
          hint={hint}
        />
      ) : (
        <Input
          key={name}
          label={label}
          name={name}
          type={type === "password" || type === "number" ? type : "text"}
          autoComplete={type === "password" ? "new-password" : "off"}
          step="any"
          required={required && !keeps}
          {...(keeps ? { placeholder: "As it is" } : { hint })}
        />
      ),
    )}
  </div>
);
