import { RouterProvider } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { router } from "./router.tsx";
import { keyOfTab, session, SessionProvider, signIn } from "./session.tsx";
import { SignIn } from "./sign-in.tsx";
import { useStore } from "./store.ts";

export function App() {
  const current = useStore(session);
  const [problem, setProblem] = useState<string>();
  const [isKnown, setKnown] = useState(() => keyOfTab() !== null);
  useEffect(() => {
    const key = keyOfTab();
    if (key === null || session.get()) return;
    const open = async (): Promise<void> => {
      setProblem(await signIn(key));
      setKnown(false);
    };
    void open();
  }, []);
  if (current) {
    return (
      <SessionProvider value={current}>
        <RouterProvider router={router} />
      </SessionProvider>
    );
  }
  return isKnown ? null : <SignIn problem={problem} />;
}
