/** An authenticator (RFC 6238): set up in two steps, and done without again. */
import { Anchor, Code, PasswordInput, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { client, type Schema } from "@/api/client";
import { FormDialog } from "@/kit/form-dialog";
import { useRefresh } from "@/kit/refresh";
import { account as text } from "@/strings/settings";
import { SecretOnce } from "./parts/secret-once";

interface TotpProps {
  /** Whoever comes by an identity provider has no password to say. */
  readonly hasPassword: boolean;
  readonly onClose: () => void;
}

interface FieldProps {
  readonly value: string;
  readonly onChange: (value: string) => void;
}

export function Enrol({ hasPassword, onClose }: TotpProps) {
  const refresh = useRefresh("/api/v1/me");
  const [password, setPassword] = useState("");
  const [begun, setBegun] = useState<Schema<"Enrolment">>();
  const [codes, setCodes] = useState<readonly string[]>();
  async function begin() {
    const { data } = await client.POST("/api/v1/me/totp", { body: password ? { password } : {} });
    setBegun(data);
  }
  async function done() {
    await refresh();
    onClose();
  }
  if (codes) {
    return (
      <SecretOnce title={text.codesTitle} secret={codes.join("\n")} onClose={() => void done()}>
        {text.codesHint}
      </SecretOnce>
    );
  }
  if (begun) return <Confirm enrolment={begun} onCodes={setCodes} onClose={onClose} />;
  return (
    <FormDialog title={text.enrolTitle} action={text.begin} onSubmit={begin} onClose={onClose}>
      <Text size="sm">{text.enrolHint}</Text>
      {hasPassword && <Password value={password} onChange={setPassword} />}
    </FormDialog>
  );
}

interface ConfirmProps {
  readonly enrolment: Schema<"Enrolment">;
  readonly onCodes: (codes: readonly string[]) => void;
  readonly onClose: () => void;
}

function Confirm({ enrolment, onCodes, onClose }: ConfirmProps) {
  const [code, setCode] = useState("");
  async function send() {
    const { data } = await client.POST("/api/v1/me/totp/confirm", { body: { code: code.trim() } });
    if (data) onCodes(data.codes);
  }
  return (
    <FormDialog
      title={text.enrolTitle}
      action={text.confirm}
      disabled={code.trim().length < 6}
      onSubmit={send}
      onClose={onClose}
    >
      <Text size="sm">{text.scan}</Text>
      <Text size="sm" fw={600}>
        {text.secret}
      </Text>
      <Code block data-testid="totp-secret" className="wrapped">
        {enrolment.secret}
      </Code>
      <Text size="sm" fw={600}>
        {text.uri}
      </Text>
      <Anchor href={enrolment.uri} size="sm" underline="always" style={{ overflowWrap: "anywhere" }}>
        {enrolment.uri}
      </Anchor>
      <CodeField value={code} onChange={setCode} />
    </FormDialog>
  );
}

export function RemoveTotp({ hasPassword, onClose }: TotpProps) {
  const refresh = useRefresh("/api/v1/me");
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  async function send() {
    const body = { code: code.trim(), ...(password ? { password } : {}) };
    await client.POST("/api/v1/me/totp/remove", { body });
    await refresh();
    onClose();
  }
  return (
    <FormDialog
      title={text.removeTitle}
      action={text.remove}
      color="red"
      disabled={code.trim().length < 6}
      onSubmit={send}
      onClose={onClose}
    >
      <Text size="sm">{text.removeHint}</Text>
      {hasPassword && <Password value={password} onChange={setPassword} />}
      <CodeField value={code} onChange={setCode} />
    </FormDialog>
  );
}

function Password({ value, onChange }: FieldProps) {
  return (
    <PasswordInput
      label={text.current}
      description={text.currentHint}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
      autoComplete="current-password"
      data-autofocus
    />
  );
}

function CodeField({ value, onChange }: FieldProps) {
  return (
    <TextInput
      label={text.code}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
      inputMode="numeric"
      autoComplete="one-time-code"
      required
    />
  );
}
