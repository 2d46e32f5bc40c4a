/** Setting a breaker by hand, letting it go, and resetting it. */
import { NativeSelect, TextInput } from "@mantine/core";
import { useState } from "react";
import { client, type Schema } from "@/api/client";
import { Change } from "@/kit/change";
import { optionsOf } from "@/kit/options";
import { useRefresh } from "@/kit/refresh";
import { models as text } from "@/strings/models";
import { tilded } from "./lines";

type Mode = Schema<"NewOverride">["mode"];
const MODES = optionsOf(text.modes);
const PATH = "/api/v1/breakers";

export function OverrideBreaker({ breaker }: { readonly breaker: Schema<"BreakerShown"> }) {
  const refresh = useRefresh(PATH);
  const [mode, setMode] = useState<Mode>(breaker.override ? "none" : "forced_open");
  const [reason, setReason] = useState("");
  const [until, setUntil] = useState("");
  return (
    <Change
      label={text.override}
      title={text.overrideTitle(breaker.name)}
      hint={text.overrideHint}
      color={mode === "forced_open" ? "red" : "pilot"}
      run={async () => {
        const body = { mode, reason, until: until ? new Date(until).toISOString() : null };
        const params = { path: { name: tilded(breaker.name) } };
        await client.PUT("/api/v1/breakers/{name}/override", { params, body });
        await refresh();
      }}
      onDone={() => setMode(mode === "none" ? "forced_open" : "none")}
    >
      <NativeSelect
        label={text.mode}
        data={MODES}
        value={mode}
        onChange={(event) => setMode(event.currentTarget.value as Mode)}
      />
      <TextInput
        label={text.why}
        description={text.whyHint}
        required
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
      <TextInput
        type="datetime-local"
        label={text.until}
        value={until}
        onChange={(event) => setUntil(event.currentTarget.value)}
      />
    </Change>
  );
}

export function ResetBreaker({ name }: { readonly name: string }) {
  const refresh = useRefresh(PATH);
  return (
    <Change
      label={text.reset}
      title={text.resetTitle(name)}
      hint={text.resetHint}
      run={async () => {
        await client.POST("/api/v1/breakers/{name}/reset", { params: { path: { name: tilded(name) } } });
        await refresh();
      }}
    />
  );
}
