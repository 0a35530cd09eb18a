import { useState, type SubmitEvent } from "react";
import { signIn } from "./session.tsx";
import { settings } from "./settings.ts";
import { Input, readForm } from "./ui/field.tsx";
import { Logo } from "./ui/icons.tsx";
import { Problem } from "./ui/problem.tsx";

export function SignIn({ problem }: { problem: string | undefined }) {
  const [refusal, setRefusal] = useState(problem);
  const [isBusy, setBusy] = useState(false);

  async function submit(event: SubmitEvent<HTMLFormElement>): Promise<void> {
    event.preventDefault();
    const { key = "" } = readForm(event.currentTarget);
    setBusy(true);
    setRefusal(await signIn(key));
    setBusy(false);
  }

  return (
    <main className="sign-in">
      <form className="card stack" onSubmit={(event) => void submit(event)}>
        <Logo />
        <h1>Sign in to smsgraph</h1>
        <Input
          label="API key"
          name="key"
          type="password"
          spellCheck={false}
          required
          autoFocus
          placeholder="sg_…"
          defaultValue={settings.developmentKey}
        />
        <Problem>{refusal}</Problem>
        <button className="button primary wide" disabled={isBusy}>
          Open the console
        </button>
        <p className="quiet small">
          {settings.developmentKey
            ? "The development key is filled in, because you are on the machine that smsgraph runs on."
            : "Make a key with npm run keys, or under Access with another key."}{" "}
          The key stays in this tab.
        </p>
      </form>
    </main>
  );
}
