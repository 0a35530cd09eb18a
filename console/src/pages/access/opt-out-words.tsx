import { useMutation } from "urql";
import { problemOf } from "../../answer.ts";
import {
  OptOutSettingsDocument,
  SetOptOutDocument,
  type OptOutFragment,
  type OptOutScope,
  type OptOutWordsInput,
} from "../../gql/graphql.ts";
import { useQuery } from "../../query.ts";
import { useMay } from "../../session.tsx";
import { Loading } from "../../ui/empty.tsx";
import { Input, Select } from "../../ui/field.tsx";
import { FormDialog } from "../../ui/form-dialog.tsx";
import { Card, Table } from "../../ui/page.tsx";
import { Problem, wordsOf } from "../../ui/problem.tsx";
import { listIn } from "../../ui/words.ts";

const scopes = [
  ["ALL", "Every sender of the account"],
  ["SENDER", "The sender that they answered"],
] as const satisfies readonly (readonly [OptOutScope, string])[];

/** What is understood as "no more", and what is answered. */
export function OptOutWords() {
  const [{ data, error }] = useQuery({ query: OptOutSettingsDocument, requestPolicy: "cache-and-network" });
  const mayChange = useMay("ADMIN");
  const settings = data?.optOutSettings;
  return (
    <Card
      title="What people write to opt out"
      actions={settings && mayChange && <Change settings={settings} />}
    >
      <Problem>{wordsOf(error)}</Problem>
      {!settings && !error && <Loading />}
      {settings && (
        <>
          {settings.languages.length > 0 && (
            <Table label="Words to opt out with" heads={["Language", "Words", "Answer"]}>
              {settings.languages.map(({ language, words, answer }) => (
                <tr key={language}>
                  <td>{language}</td>
                  <td>{words.join(", ")}</td>
                  <td>{answer ?? <span className="quiet">None</span>}</td>
                </tr>
              ))}
            </Table>
          )}
          <p className="quiet small">
            STOP is always understood. No longer texted by:{" "}
            {scopes.find(([scope]) => scope === settings.scope)?.[1].toLowerCase()}.
          </p>
        </>
      )}
    </Card>
  );
}

/** One more language than there are can be put in at a time. */
function Change({ settings: { languages, scope } }: { settings: OptOutFragment }) {
  const [, set] = useMutation(SetOptOutDocument);
  const rows = [...languages, { language: "", words: [], answer: null }];

  function languagesIn(form: Readonly<Record<string, string>>): OptOutWordsInput[] {
    return rows.flatMap((_, index) => {
      const language = form[`language ${index}`];
      if (language === undefined) return [];
      return [{ language, words: listIn(form[`words ${index}`]) ?? [], answer: form[`answer ${index}`] }];
    });
  }

  return (
    <FormDialog
      title="What people write to opt out"
      action="Change"
      submit="Save"
      onSubmit={async (form) =>
        problemOf(await set({ input: { languages: languagesIn(form), scope: form["scope"] as OptOutScope } }))
      }
    >
      <Select label="Who texts them no longer" name="scope" options={scopes} defaultValue={scope} />
      {rows.map(({ language, words, answer }, index) => (
        <fieldset key={language} className="stack-tight">
          <legend>{language || "Another language"}</legend>
          <div className="fields">
            <Input
              label="Language"
              name={`language ${index}`}
              defaultValue={language}
              placeholder="sk"
              hint={language && "Empty: it is taken away."}
            />
            <Input
              label="Words"
              name={`words ${index}`}
              defaultValue={words.join(", ")}
              placeholder="STOP, KONIEC"
            />
            <Input label="Answer" name={`answer ${index}`} defaultValue={answer ?? ""} placeholder="None" />
          </div>
        </fieldset>
      ))}
    </FormDialog>
  );
}
