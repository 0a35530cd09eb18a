import type { KeyRowFragment } from "../../gql/graphql.ts";
import { Checkbox, Input } from "../../ui/field.tsx";

type Serving = Pick<KeyRowFragment, "allowsGet" | "callbackUrl">;

/** Fields for what a key means to the served APIs of other vendors. */
export const ServingFields = ({ apiKey }: { apiKey?: Serving }) => (
  <>
    <Input
      label="Where receipts are posted"
      name="callbackUrl"
      type="url"
      defaultValue={apiKey?.callbackUrl ?? ""}
      placeholder="https://example.com/receipts"
      hint="Of messages that name no address of their own. Empty: nowhere."
    />
    <Checkbox
      label="Take requests by GET, with the key in the address (Telekom SK)"
      name="allowsGet"
      defaultChecked={apiKey?.allowsGet ?? false}
    />
  </>
);

/** In a form that has been read. */
export const readServing = ({ callbackUrl, allowsGet }: Readonly<Record<string, string>>) => ({
  callbackUrl,
  allowsGet: allowsGet !== undefined,
});

/** What holds for the served APIs, where that is anything. */
export const servingInWords = ({ callbackUrl, allowsGet }: Serving): string[] => [
  ...(callbackUrl ? [`receipts to ${callbackUrl}`] : []),
  ...(allowsGet ? ["requests by GET"] : []),
];
