import { useMutation } from "urql";
import { problemOf } from "../../answer.ts";
import {
  SendingSettingsDocument,
  SetSendingSettingsDocument,
  type SenderRuleHandling,
  type SendingRulesFragment,
  type SendingSettingsInput,
  type UnreachableNumbers,
} from "../../gql/graphql.ts";
import { useQuery } from "../../query.ts";
import { useMay } from "../../session.tsx";
import { Loading } from "../../ui/empty.tsx";
import { Input, Select, TextArea } from "../../ui/field.tsx";
import { Card, Facts } from "../../ui/page.tsx";
import { Problem, wordsOf } from "../../ui/problem.tsx";
import { SettingsForm } from "../../ui/settings-form.tsx";
import { listIn } from "../../ui/words.ts";

const senderRules = [
  ["WARN", "Warn in quotes and dry runs"],
  ["REFUSE", "Refuse the message"],
  ["ALLOW", "Send it"],
] as const satisfies readonly (readonly [SenderRuleHandling, string])[];

const unreachable = [
  ["REFUSE", "Refuse the message"],
  ["ALLOW", "Send it: some landlines read messages aloud"],
] as const satisfies readonly (readonly [UnreachableNumbers, string])[];

/** What holds for all that the account sends. */
export function SendingSettings() {
  const [{ data, error }] = useQuery({ query: SendingSettingsDocument, requestPolicy: "cache-and-network" });
  const mayChange = useMay("ADMIN");
  if (!data) return error ? <Problem>{wordsOf(error)}</Problem> : <Loading />;
  const { sendingSettings: rules } = data;
  return (
    <Card title="Sending rules" className="narrow">
      {mayChange ? <RulesForm rules={rules} /> : <Shown rules={rules} />}
    </Card>
  );
}

const textOf = <Value extends string>(options: readonly (readonly [Value, string])[], value: Value): string =>
  options.find(([each]) => each === value)?.[1] ?? value;

const Shown = ({ rules }: { rules: SendingRulesFragment }) => (
  <Facts
    entries={[
      ["Country of numbers without a code", rules.defaultCountry ?? "None: they are refused"],
      ["A sender that breaks a rule", textOf(senderRules, rules.senderRules)],
      ["Numbers that take no SMS", textOf(unreachable, rules.unreachableNumbers)],
      ["Registered senders", linesOf(rules) || "None"],
    ]}
  />
);

function RulesForm({ rules }: { rules: SendingRulesFragment }) {
  const [, set] = useMutation(SetSendingSettingsDocument);
  return (
    <SettingsForm onSubmit={async (form) => problemOf(await set({ input: rulesIn(form) }))}>
      <Input
        label="Country of numbers without a code"
        name="defaultCountry"
        defaultValue={rules.defaultCountry ?? ""}
        placeholder="None: they are refused"
        hint="ISO 3166-1 alpha-2, such as SK."
      />
      <Select
        label="A sender that breaks a rule of the recipient's country"
        name="senderRules"
        options={senderRules}
        defaultValue={rules.senderRules}
      />
      <TextArea
        label="Senders that are registered"
        name="registered"
        defaultValue={linesOf(rules)}
        placeholder="MyBrand: CZ, HU"
        hint="For countries that ask for it: one sender in a line, with its countries."
      />
      <Select
        label="Numbers that take no SMS, such as landlines"
        name="unreachable"
        options={unreachable}
        defaultValue={rules.unreachableNumbers}
      />
    </SettingsForm>
  );
}

const linesOf = ({ registeredSenders }: SendingRulesFragment): string =>
  registeredSenders.map(({ sender, countries }) => `${sender}: ${countries.join(", ")}`).join("\n");

function rulesIn(form: Readonly<Record<string, string>>): SendingSettingsInput {
  const lines = (form["registered"] ?? "").split("\n").filter((line) => line.trim() !== "");
  return {
    defaultCountry: form["defaultCountry"],
    senderRules: form["senderRules"] as SenderRuleHandling,
    unreachableNumbers: form["unreachable"] as UnreachableNumbers,
    registeredSenders: lines.map((line) => {
      // A sender has no colon.
      const [sender = "", countries] = line.split(":");
      return { sender: sender.trim(), countries: listIn(countries) ?? [] };
    }),
  };
}
