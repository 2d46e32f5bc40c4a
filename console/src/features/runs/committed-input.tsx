/** A field whose text counts once it is left or Enter is pressed, so that not every letter asks the server. */
import { TextInput, type TextInputProps } from "@mantine/core";
import { useEffect, useState } from "react";

interface CommittedInputProps extends Pick<TextInputProps, "label" | "type" | "maxLength" | "className"> {
  readonly value: string;
  readonly commit: (value: string) => void;
  /** Why a text cannot be taken. */
  readonly faultOf?: (value: string) => string | undefined;
}

export function CommittedInput({ value, commit, faultOf, ...props }: CommittedInputProps) {
  const [typed, setTyped] = useState(value);
  const [fault, setFault] = useState<string>();
  useEffect(() => {
    setTyped(value);
    setFault(undefined);
  }, [value]);
  function take() {
    const wanted = typed.trim();
    const wrong = faultOf?.(wanted);
    setFault(wrong);
    if (wrong === undefined && wanted !== value) commit(wanted);
  }
  return (
    <TextInput
      {...props}
      value={typed}
      onChange={(event) => setTyped(event.currentTarget.value)}
      onBlur={take}
      onKeyDown={(event) => {
        if (event.key === "Enter") take();
      }}
      error={fault}
    />
  );
}
