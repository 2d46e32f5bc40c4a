/** The field that asks why something is done. */
import { TextInput } from "@mantine/core";
import { useState } from "react";
import { experiments as text } from "@/strings/experiments";

export function useWhy() {
  const [typed, setTyped] = useState("");
  const field = (
    <TextInput
      label={text.whyField}
      placeholder={text.byHand}
      value={typed}
      onChange={(event) => setTyped(event.currentTarget.value)}
    />
  );
  return { why: typed.trim() || text.byHand, field };
}
