import { useState } from "react";

/** Asks for the API key. `?key=` in the address does without. */
export function KeyForm({ onKey }: { onKey: (key: string) => void }) {
  const [key, setKey] = useState("");
  return (
    <form className="key" action={() => onKey(key.trim())}>
      <h1>smsgraph</h1>
      <p>The key is printed when the server starts.</p>
      <label>
        API key
        <input type="password" autoComplete="off" required onChange={(event) => setKey(event.target.value)} />
      </label>
      <button>Open</button>
    </form>
  );
}
