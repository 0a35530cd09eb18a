import { useEffect, useState } from "react";

const settleMs = 200;

/** What is typed, once the typing pauses: the server is not asked for each letter. */
export function useSettled<Value extends object>(value: Value): Value {
  const [settled, setSettled] = useState(value);
  const identity = JSON.stringify(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), settleMs);
    return () => clearTimeout(timer);
    // Values with the same content are the same.
  }, [identity]);
  return settled;
}
