/** Moving a label, rolling it back, and removing it. */
import { NativeSelect, TextInput } from "@mantine/core";
import { useState } from "react";
import { $api, client, type Schema } from "@/api/client";
import { Change } from "@/kit/change";
import { useRefresh } from "@/kit/refresh";
import { prompts as text } from "@/strings/prompts";
import { useVersionChoices } from "./use-versions";

const PATH = "/api/v1/prompts";

interface MoveLabelProps {
  readonly prompt: Schema<"PromptShown">;
  readonly part: string;
  /** The label that is moved; without one it is typed. */
  readonly pointer?: Schema<"LabelShown">;
}

export function MoveLabel({ prompt, part, pointer }: MoveLabelProps) {
  const refresh = useRefresh(PATH);
  const choices = useVersionChoices(prompt, part);
  const [label, setLabel] = useState(pointer?.label ?? "candidate");
  const [chosen, setChosen] = useState<string>();
  const [note, setNote] = useState("");
  const version = chosen ?? choices[0]?.value ?? "file";
  const edition = pointer?.edition ?? prompt.pointers.find((one) => one.label === label)?.edition ?? 0;
  return (
    <Change
      label={pointer ? text.move : text.moveLabel}
      title={pointer ? text.moveTitle(pointer.label) : text.moveLabel}
      hint={text.moveHint}
      confirm={text.move}
      run={async () => {
        await client.PUT("/api/v1/prompts/{name}/labels/{label}", {
          params: { path: { name: part, label: label.trim() }, header: { "if-match": `"${edition}"` } },
          body: { version, note },
        });
        await refresh();
      }}
      onDone={() => setNote("")}
    >
      {!pointer && (
        <TextInput
          label={text.labelField}
          required
          pattern="[a-z][a-z0-9_\-]*"
          value={label}
          onChange={(event) => setLabel(event.currentTarget.value)}
        />
      )}
      <NativeSelect
        label={text.versionField}
        data={[...choices]}
        value={version}
        onChange={(event) => setChosen(event.currentTarget.value)}
      />
      <TextInput label={text.note} value={note} onChange={(event) => setNote(event.currentTarget.value)} />
    </Change>
  );
}

export function RollBack({ part, label }: { readonly part: string; readonly label: string }) {
  const refresh = useRefresh(PATH);
  const [note, setNote] = useState("");
  const moves = $api.useQuery("get", "/api/v1/prompts/{name}/moves", {
    params: { path: { name: part }, query: { limit: 20 } },
  });
  const last = moves.data?.items.find((move) => move.label === label);
  const isSimple = last?.kind === "moved";
  return (
    <Change
      label={text.rollback}
      title={text.rollbackTitle(label)}
      hint={
        isSimple ? text.rollbackTo(last.before ? text.version(last.before) : text.file) : text.rollbackHint
      }
      run={async () => {
        const params = { path: { name: part } };
        await client.POST("/api/v1/prompts/{name}/rollback", { params, body: { label, note } });
        await refresh();
      }}
      onDone={() => setNote("")}
    >
      <TextInput label={text.note} value={note} onChange={(event) => setNote(event.currentTarget.value)} />
    </Change>
  );
}

interface RemoveLabelProps {
  readonly part: string;
  readonly pointer: Schema<"LabelShown">;
}

export function RemoveLabel({ part, pointer: { label, edition } }: RemoveLabelProps) {
  const refresh = useRefresh(PATH);
  return (
    <Change
      label={text.remove}
      title={text.removeTitle(label)}
      hint={text.removeHint}
      color="red"
      run={async () => {
        await client.DELETE("/api/v1/prompts/{name}/labels/{label}", {
          params: { path: { name: part, label }, header: { "if-match": `"${edition}"` } },
        });
        await refresh();
      }}
    />
  );
}
